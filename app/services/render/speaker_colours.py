"""Colours that distinguish speakers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Colour:
    """A colour by its channels, 0..255 each."""

    red: int
    green: int
    blue: int

    @property
    def hex(self) -> str:
        """As ``#RRGGBB``."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


SPEAKER_COLOURS = (
    Colour(255, 255, 255),
    Colour(255, 255, 0),
    Colour(0, 255, 255),
    Colour(0, 255, 0),
)
"""White, yellow, cyan, green: the first speaker's to the fourth's, then over again.

Source: BBC Subtitle Guidelines, "Use colours" (the four that read well on dark ground).
"""


def colour_numbers(speakers: Iterable[str | None]) -> dict[str, int]:
    """Return the index in ``SPEAKER_COLOURS`` of each speaker, in order of first appearance."""
    known = dict.fromkeys(speaker for speaker in speakers if speaker is not None)
    return {speaker: number % len(SPEAKER_COLOURS) for number, speaker in enumerate(known)}
