"""Transcriber behind OpenAI's audio API."""

from app.gpu.engines.audio_api.audio_api_transcriber import (
    AudioApiTranscriber as AudioApiTranscriber,
)
