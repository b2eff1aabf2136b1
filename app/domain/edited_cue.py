"""A cue as somebody has edited it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EditedCue:
    """One cue of a job's edited subtitles.

    Attributes:
        id: unique among the edited cues; that of the job's cue it was, or a new one.
        start_ms: start of its display.
        end_ms: later than ``start_ms``; cues may overlap, which quality control reports.
        text: the source text.
        translation: the text in the target language; None where there is none.
        speaker: label; None where nobody is named.
        origin: id of the job's cue that it comes from, whose style, place and language it keeps;
            None for one that was added.
    """

    id: int
    start_ms: int
    end_ms: int
    text: str
    translation: str | None = None
    speaker: str | None = None
    origin: int | None = None
