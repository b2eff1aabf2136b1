"""Rule of quality control, with what it examines and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from app.domain.profile import ReadingProfile
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.domain.written_cue import WrittenCue
from app.services.layout.tokens import join_texts
from app.services.layout.width import text_width

Severity = Literal["error", "advice"]
"""A limit of the profile that is broken, which counts in the score, or a matter of style."""

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a rule is broken.

    Attributes:
        cue: its number in the file, from 1; 0 for the file as a whole.
        value: what was measured, in the rule's unit, or the text that is meant.
    """

    cue: int
    value: Value = None


@dataclass(frozen=True)
class CheckedTrack:
    """Subtitles of one file with everything that they are checked by.

    Attributes:
        cues: in the file's order.
        asked: profile as the request names it.
        language: BCP 47 tag of the text; ``und`` where it is not known.
        video: frame rate and shot changes of the picture, as far as they are known.
        file_rate: frames per second that the file itself names; None where it names none.
    """

    cues: Sequence[WrittenCue]
    asked: ReadingProfile
    language: str = "und"
    video: VideoTiming = NO_VIDEO
    file_rate: float | None = None

    @cached_property
    def profile(self) -> ReadingProfile:
        """The limits that hold for the language and the picture."""
        own = self.asked.in_language(self.language)
        return own.at_frame_rate(self.video.frames_per_s)

    @property
    def base_language(self) -> str:
        """Base tag of the language."""
        return self.language.partition("-")[0].casefold()

    @property
    def is_netflix(self) -> bool:
        """Whether the spelling rules of Netflix hold."""
        return self.asked.language_table == "netflix" or self.asked.name.startswith("netflix")

    @cached_property
    def by_time(self) -> list[WrittenCue]:
        """The cues sorted by start."""
        return sorted(self.cues, key=lambda cue: (cue.start_ms, cue.end_ms))


def flat_text(cue: WrittenCue) -> str:
    """Return a cue's text on one line."""
    return join_texts(cue.lines) if cue.lines else ""


def width_of(cue: WrittenCue) -> int:
    """Return the characters that a reader of a cue has to read, as the profile counts them."""
    return text_width(flat_text(cue))


Check = Callable[[CheckedTrack], Iterator[Fault]]
Limit = Callable[[CheckedTrack], Value]


def _none(_: CheckedTrack) -> Value:
    return None


def _always(_: CheckedTrack) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class QualityRule:
    """A rule.

    Attributes:
        name: stable, in snake case.
        meaning: what has to be, for people.
        check: yields each place where it is not.
        limit: the profile's number; None where there is none.
        unit: of the limit and of what is measured; empty for a text.
        severity: see `Severity`.
        applies: whether there is anything to check by this profile, language and picture.
    """

    name: str
    meaning: str
    check: Check
    limit: Limit = _none
    unit: str = ""
    severity: Severity = "error"
    applies: Callable[[CheckedTrack], bool] = _always
