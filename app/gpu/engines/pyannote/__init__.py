"""Who speaks when, with pyannote.audio."""

from app.gpu.engines.pyannote.engine import PyannoteDiarizer

__all__ = ["PyannoteDiarizer"]
