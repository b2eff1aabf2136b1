"""Speaker turns from frames.

Source: pyannote.audio 4.0.7, ``Binarize`` and ``SpeakerDiarizationMixin.to_annotation``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.time import Span, seconds_to_ms
from app.domain.transcript import SpeakerTurn
from app.gpu.engines.pyannote.frame_scores import RecordingFrames

TurnRange = tuple[float, float, int]
"""Start and end in seconds, and index of the speaker."""


def build_turns(
    speaking: NDArray[np.bool_], frames: RecordingFrames, fill_s: float = 0.0
) -> list[SpeakerTurn]:
    """Return the turns of all speakers; those of different speakers may overlap.

    Args:
        speaking: shape ``(frames, speakers)``.
        frames: their times.
        fill_s: shorter pauses of a speaker are filled.

    Returns:
        In order of start; ``SPEAKER_00`` and on by first appearance.
    """
    found = [
        (start_s, end_s, speaker)
        for speaker in range(speaking.shape[1])
        for start_s, end_s in _active_ranges(speaking[:, speaker], frames)
    ]
    ranges = sorted(_filled(found, fill_s) if fill_s > 0 else found)
    names: dict[int, str] = {}
    for _, _, speaker in ranges:
        names.setdefault(speaker, f"SPEAKER_{len(names):02d}")
    return [
        SpeakerTurn(Span(seconds_to_ms(start_s), seconds_to_ms(end_s)), names[speaker])
        for start_s, end_s, speaker in ranges
    ]


def _active_ranges(
    speaking: NDArray[np.bool_], frames: RecordingFrames
) -> Iterator[tuple[float, float]]:
    """Yield ranges in seconds: middle of a first frame of speech to middle of the next without."""
    edges = np.flatnonzero(speaking[1:] != speaking[:-1]) + 1
    if speaking[0]:
        edges = np.concatenate(([0], edges))
    if speaking[-1]:
        edges = np.concatenate((edges, [len(speaking) - 1]))
    for start, end in edges.reshape(-1, 2).tolist():
        if end > start:
            yield frames.middle_s(start), frames.middle_s(end)


def _filled(ranges: list[TurnRange], fill_s: float) -> list[TurnRange]:
    from pyannote.core import Annotation, Segment

    said = Annotation()
    for place, (start_s, end_s, speaker) in enumerate(ranges):
        said[Segment(start_s, end_s), place] = speaker
    return [
        (segment.start, segment.end, speaker)
        for segment, _, speaker in said.support(collar=fill_s).itertracks(yield_label=True)
    ]
