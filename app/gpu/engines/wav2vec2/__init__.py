"""Forced alignment with wav2vec2 models, chosen as whisperx chooses them."""

from app.gpu.engines.wav2vec2.engine import Wav2Vec2Aligner

__all__ = ["Wav2Vec2Aligner"]
