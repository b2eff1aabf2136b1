"""NVIDIA's Parakeet on ONNX Runtime, through onnx-asr."""

from app.gpu.engines.parakeet.parakeet_transcriber import ParakeetTranscriber

__all__ = ["ParakeetTranscriber"]
