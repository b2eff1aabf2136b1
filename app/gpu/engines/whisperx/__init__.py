"""Whisper on CTranslate2, through faster-whisper."""

from app.gpu.engines.whisperx.whisperx_transcriber import WhisperxTranscriber

__all__ = ["WhisperxTranscriber"]
