"""Whisper on CTranslate2, through whisperx and faster-whisper."""

from app.gpu.engines.whisperx.engine import WhisperxTranscriber

__all__ = ["WhisperxTranscriber"]
