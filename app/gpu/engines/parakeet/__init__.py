"""NVIDIA's Parakeet on ONNX Runtime, through onnx-asr."""

from app.gpu.engines.parakeet.engine import ParakeetTranscriber

__all__ = ["ParakeetTranscriber"]
