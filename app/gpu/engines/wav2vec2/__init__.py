"""Forced alignment with wav2vec2 models, chosen as whisperx chooses them."""

from app.gpu.engines.wav2vec2.wav2vec2_aligner import Wav2Vec2Aligner

__all__ = ["Wav2Vec2Aligner"]
