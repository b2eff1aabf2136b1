"""Speaker diarization with pyannote.audio."""

from app.gpu.engines.pyannote.pyannote_diarizer import PyannoteDiarizer

__all__ = ["PyannoteDiarizer"]
