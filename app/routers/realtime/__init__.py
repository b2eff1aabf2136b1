"""Realtime transcription over WebSocket, as OpenAI and vLLM have it."""
