"""Reading profiles: the limits that make a cue comfortable to read."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from app.domain.errors import InvalidProfileError


@dataclass(frozen=True, slots=True)
class ReadingProfile:
    """Limits for one kind of reader.

    Attributes:
        max_line_chars: characters per line (CPL), in units of half an East Asian wide character.
        max_lines: lines per cue.
        max_cps: reading speed, visible characters with spaces per second; an East Asian wide
            character counts as two.
        min_duration_ms: shortest time on screen.
        max_duration_ms: longest time on screen.
        min_gap_ms: time between two cues.
        linger_ms: how long a cue may stay after the speech ended, if reading needs it.
        frame_width_px: width of the picture that the limits are made for; formats that place
            text (ASS) measure fonts and margins against it.
        frame_height_px: its height.
    """

    name: str
    max_line_chars: int = 42
    max_lines: int = 2
    max_cps: float = 20.0
    min_duration_ms: int = 833
    max_duration_ms: int = 7000
    min_gap_ms: int = 83
    linger_ms: int = 500
    frame_width_px: int = 1920
    frame_height_px: int = 1080

    @property
    def max_chars(self) -> int:
        """Characters that fit into one cue."""
        return self.max_line_chars * self.max_lines


PROFILES = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            ReadingProfile("netflix"),
            ReadingProfile("netflix-children", max_cps=17.0),
            ReadingProfile("bbc", max_line_chars=37, max_cps=17.0),
            ReadingProfile(
                "shorts",
                max_line_chars=24,
                max_duration_ms=5000,
                frame_width_px=1080,
                frame_height_px=1920,
            ),
        )
    }
)
"""Profiles by name.

Source: Netflix Timed Text Style Guide (42 CPL, 2 lines, 20 CPS adult and 17 CPS children for
English, 5/6 s to 7 s, 2 frames between cues, half a second of linger); BBC's older advice of
37 CPL at 160-180 words per minute; SubtitleEdit's 9:16 profile for shorts (24 CPL, 5 s).
"""

DEFAULT_PROFILE = PROFILES["netflix"]


def profile_named(name: str) -> ReadingProfile:
    """Return a profile.

    Raises:
        InvalidProfileError: no profile has that name.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise InvalidProfileError(name, tuple(PROFILES)) from None
