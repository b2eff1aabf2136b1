"""Frame scores of a whole recording, aggregated from its overlapping chunks.

pyannote builds an array of chunks x frames x speakers in double precision for this: 0.5 GB for
three hours and ten speakers. Here chunks are added up one after the other and frames are ranked
in blocks, in the same order and precision, so that results are the same.

Source: pyannote.audio 4.0.7, ``Inference.aggregate``, ``SpeakerDiarization.reconstruct``,
``SpeakerDiarizationMixin.speaker_count`` and ``to_diarization``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.gpu.engines.pyannote.chunking import ChunkGrid

NO_SPEAKER = -2
"""Cluster of a slot without speech."""

_BLOCK = 2**15
"""Frames that are ranked at once: nine minutes."""

_EPSILON = 1e-12


class RecordingFrames:
    """Frames of a recording.

    Args:
        frames: pyannote's sliding window of one frame.
        grid: of the recording's chunks.
        chunks: number of chunks.

    Attributes:
        length: number of frames.
        starts: for each chunk, the index of its first frame.
    """

    def __init__(self, frames: Any, grid: ChunkGrid, chunks: int) -> None:
        from pyannote.core import SlidingWindow

        self._window = SlidingWindow(start=0.0, duration=frames.duration, step=frames.step)
        half_s = 0.5 * frames.duration
        end_s = grid.duration_s + (chunks - 1) * grid.step_s
        self.length = int(self._window.closest_frame(end_s + half_s)) + 1
        self.starts = [
            int(self._window.closest_frame(chunk * grid.step_s + half_s)) for chunk in range(chunks)
        ]

    def middle_s(self, frame: int) -> float:
        """Return the time of a frame's middle."""
        return float(self._window[frame].middle)

    def count(self, binary: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the number of speakers in each frame: the mean over its chunks, rounded.

        Args:
            binary: 1 where a slot speaks, shape ``(chunks, frames, slots)``.
        """
        spoken = np.zeros(self.length, np.float32)
        covered = np.zeros(self.length, np.float32)
        for start, chunk in zip(self.starts, binary, strict=True):
            spoken[start : start + len(chunk)] += chunk.sum(axis=1, dtype=np.float32)
            covered[start : start + len(chunk)] += 1
        return np.rint(spoken / np.maximum(covered, _EPSILON)).astype(np.uint8)

    def activity(
        self, scores: NDArray[Any], clusters: NDArray[np.integer[Any]]
    ) -> NDArray[np.float32]:
        """Return the activity of each speaker in each frame, summed over its chunks.

        Args:
            scores: of each slot, shape ``(chunks, frames, slots)``.
            clusters: speaker of each slot, `NO_SPEAKER` for none, shape ``(chunks, slots)``.

        Returns:
            Shape ``(length, speakers)``: 0.9 MB for each speaker and hour.
        """
        total = np.zeros((self.length, int(clusters.max()) + 1), np.float32)
        for start, chunk, cluster in zip(self.starts, scores, clusters, strict=True):
            for speaker in np.unique(cluster[cluster != NO_SPEAKER]):
                score = chunk[:, cluster == speaker].max(axis=1).astype(np.float64)
                total[start : start + len(chunk), speaker] += np.nan_to_num(score, nan=0.0)
        return total


def active_speakers(
    activity: NDArray[np.float32], count: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Return the speakers of each frame: as many as were counted, the most active ones.

    Args:
        activity: shape ``(frames, speakers)``.
        count: number of speakers, shape ``(frames,)``.

    Returns:
        Shape ``(frames, speakers)``; wider than `activity` where more were counted at once than
        there are speakers.
    """
    most = int(count.max())
    missing = max(0, most - activity.shape[1])
    speaking = np.zeros((len(activity), activity.shape[1] + missing), np.bool_)
    for at in range(0, len(activity), _BLOCK):
        block = np.pad(activity[at : at + _BLOCK], ((0, 0), (0, missing)))
        # Not a stable sort, as in pyannote, so that ties are broken in the same way.
        ranked = np.argsort(-block, axis=-1)
        for rank in range(most):
            rows = np.flatnonzero(count[at : at + _BLOCK] > rank)
            speaking[at + rows, ranked[rows, rank]] = True
    return speaking
