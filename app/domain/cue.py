"""A cue: the text that is on screen for one span of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
        text: the source text, one paragraph without line breaks.
        translation: the text in the target language, or None while there is none.
        speaker: digit-bearing label such as ``SPEAKER_01``, or None when unknown.
        language: BCP 47 tag of ``text``.
        confidence: 0..1.
        revision: 0 for the first version; a later version replaces the earlier by ``id``.
        lane: what the text belongs to.
    """

    id: int
    span: Span
    text: str
    translation: str | None = None
    speaker: str | None = None
    language: str = "und"
    confidence: float = 1.0
    revision: int = 0
    lane: Lane = "dialogue"

    @property
    def shown(self) -> str:
        """The text that a viewer reads: the translation where there is one."""
        return self.translation or self.text
