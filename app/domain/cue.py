"""A cue: the text that is on screen for one span of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.domain.style import Placement, Runs
from app.domain.time import Span

Lane = Literal["dialogue", "sign", "song"]
"""What a text belongs to: what is said, a text in the picture, or a song. A sentence never goes on
in another lane."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle on screen.

    Attributes:
        id: stable within a job, counted from 0 in order of coming: the part that is being watched
            may come first.
        span: when it shows; cues of a job do not overlap, and a result has them sorted.
        text: the source text, one paragraph; a line break stands in it, and in the translation,
            only where another speaker's turn begins.
        translation: the text in the target language, or None while there is none.
        speaker: label such as ``SPEAKER_01``, or the name that captions have; None when unknown.
        language: BCP 47 tag of ``text``.
        confidence: 0..1.
        revision: 0 for the first version; a later version replaces the earlier by ``id``.
        placement: where it stands on the picture; None for the usual place.
        runs: styled parts of ``text``.
        translation_runs: styled parts of ``translation``.
        lane: what the text belongs to.
        turn_speakers: labels of two who share the cue, in the order of their lines; empty where one
            speaks, or nobody knows who does.
    """

    id: int
    span: Span
    text: str
    translation: str | None = None
    speaker: str | None = None
    language: str = "und"
    confidence: float = 1.0
    revision: int = 0
    placement: Placement | None = None
    runs: Runs = ()
    translation_runs: Runs = ()
    lane: Lane = "dialogue"
    turn_speakers: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The text that a viewer reads: the translation where there is one."""
        return self.translation or self.text

    @property
    def shown_runs(self) -> Runs:
        """The styled parts of the text that a viewer reads."""
        return self.translation_runs if self.translation else self.runs
