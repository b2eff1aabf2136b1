"""Whisper on CTranslate2, through faster-whisper, with whisperx's spectrograms."""

from app.gpu.engines.whisperx.whisperx_transcriber import WhisperxTranscriber

__all__ = ["WhisperxTranscriber"]
