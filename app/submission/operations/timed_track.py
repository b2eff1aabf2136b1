"""Subtitles that get times of a recording."""

from __future__ import annotations

from dataclasses import replace

from app.services.captions.written_cues import WrittenTrack

LEAST_CONFIDENCE = 0.8
"""A synchronization below this is refused: chance reaches 0.2, files that belong together 0.95."""


def shown_cues(track: WrittenTrack) -> WrittenTrack:
    """Return the cues with a text, in order of time, counted anew."""
    cues = sorted((cue for cue in track.cues if cue.lines), key=lambda cue: cue.start_ms)
    return replace(track, cues=tuple(replace(c, number=n) for n, c in enumerate(cues, start=1)))
