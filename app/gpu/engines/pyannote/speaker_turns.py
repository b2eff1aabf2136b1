"""Turns of speakers out of frames.

Source: pyannote.audio 4.0.7, ``Binarize`` and ``SpeakerDiarizationMixin.to_annotation``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.time import Span, seconds_to_ms
from app.domain.transcript import SpeakerTurn
from app.gpu.engines.pyannote.frame_scores import RecordingFrames

Stretch = tuple[float, float, int]
"""Start and end in seconds, and who speaks."""


def build_turns(
    speaking: NDArray[np.bool_], line: RecordingFrames, fill_s: float = 0.0
) -> list[SpeakerTurn]:
    """Return who speaks when; turns of different speakers may overlap.

    Args:
        speaking: shape ``(frames, speakers)``.
        line: when the frames are.
        fill_s: shorter pauses of a speaker are no pauses.

    Returns:
        In order of start; ``SPEAKER_00`` and on by first appearance.
    """
    found = [
        (start_s, end_s, speaker)
        for speaker in range(speaking.shape[1])
        for start_s, end_s in _stretches(speaking[:, speaker], line)
    ]
    ranges = sorted(_filled(found, fill_s) if fill_s > 0 else found)
    names: dict[int, str] = {}
    for _, _, speaker in ranges:
        names.setdefault(speaker, f"SPEAKER_{len(names):02d}")
    return [
        SpeakerTurn(Span(seconds_to_ms(start_s), seconds_to_ms(end_s)), names[speaker])
        for start_s, end_s, speaker in ranges
    ]


def _stretches(speaking: NDArray[np.bool_], line: RecordingFrames) -> Iterator[tuple[float, float]]:
    """Yield from the middle of each first frame of speech to that of the first without."""
    edges = np.flatnonzero(speaking[1:] != speaking[:-1]) + 1
    if speaking[0]:
        edges = np.concatenate(([0], edges))
    if speaking[-1]:
        edges = np.concatenate((edges, [len(speaking) - 1]))
    for start, end in edges.reshape(-1, 2).tolist():
        if end > start:
            yield line.middle_s(start), line.middle_s(end)


def _filled(ranges: list[Stretch], fill_s: float) -> list[Stretch]:
    from pyannote.core import Annotation, Segment

    said = Annotation()
    for place, (start_s, end_s, speaker) in enumerate(ranges):
        said[Segment(start_s, end_s), place] = speaker
    return [
        (segment.start, segment.end, speaker)
        for segment, _, speaker in said.support(collar=fill_s).itertracks(yield_label=True)
    ]
