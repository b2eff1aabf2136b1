"""Who of a few slots speaks in each frame of a chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Segmentation:
    """A pyannote pipeline's segmentation network.

    Args:
        pipeline: pyannote's ``SpeakerDiarization``, with its parameters set.

    Attributes:
        device: pyannote's, where it runs.
        hard: whether the network decides by itself, so that its scores are 0 and 1.
    """

    def __init__(self, pipeline: Any) -> None:
        self._inference = pipeline._segmentation
        self.device = self._inference.device
        self.hard = bool(self._inference.model.specifications.powerset)
        self._threshold = None if self.hard else pipeline.segmentation.threshold

    def scores(self, chunks: Any) -> NDArray[Any]:
        """Return the activity of each slot.

        Args:
            chunks: tensor of shape ``(chunks, 1, samples)``.

        Returns:
            Shape ``(chunks, frames, slots)``: uint8 where the network is hard, else float32.
        """
        scores: NDArray[Any] = self._inference.infer(chunks)
        return scores.astype(np.uint8) if self.hard else scores

    def binary(self, scores: NDArray[Any]) -> NDArray[np.uint8]:
        """Return 1 where a slot speaks, by pyannote's own rule; `scores` itself if it is hard."""
        if self.hard:
            return scores
        from pyannote.audio.utils.signal import binarize
        from pyannote.core import SlidingWindow, SlidingWindowFeature

        feature = SlidingWindowFeature(scores, SlidingWindow())
        binarized = binarize(feature, onset=self._threshold, initial_state=False)
        return np.asarray(binarized.data).astype(np.uint8)
