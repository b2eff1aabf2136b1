"""Time expressions of TTML."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from app.services.captions.readers.timestamps import LATEST_MS

_CLOCK = re.compile(
    r"(-?)(?:([0-9]{1,6}):)?([0-9]{1,4}):([0-9]{1,4})"
    r"(?:\.([0-9]{1,9})|[:;]([0-9]{1,6})(?:\.([0-9]{1,6}))?)?"
)
_OFFSET = re.compile(r"(-?)([0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})([a-z]{0,7})")
_UNITS_MS = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1.0}
_SPELLED_UNITS = {
    "hr": "h", "hour": "h", "hours": "h", "min": "m", "mins": "m", "sec": "s", "secs": "s",
    "second": "s", "seconds": "s", "msec": "ms", "msecs": "ms",
}  # fmt: skip
_DIGITS_OF_MS = 3
NO_UNIT = "Times without a unit, read as "
ODD = "Times in a form that TTML does not have"
BEYOND = "Frames that a second has not got, read as its last one"

DropMode = Literal["nonDrop", "dropNTSC", "dropPAL"]


@dataclass(frozen=True, slots=True)
class TimeValue:
    """A time that was read.

    Attributes:
        ms: milliseconds, exact but for binary fractions.
        doubt: what had to be assumed, for people; empty for a time as TTML has it.
    """

    ms: float
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class TimeUnits:
    """The units of a file's time expressions.

    Attributes:
        frame_hz: effective frame rate.
        nominal_hz: frames that are counted in a second.
        sub_frames: parts of a frame.
        tick_hz: ticks in a second.
        is_smpte: clock times count frames instead of real time.
        drop: frame numbers that are left out, where times count frames.
        bare_ms: unit of a number that has none.
        bare_name: of that unit, for people.
        assumed: what the file leaves open and its times show, for people.
    """

    frame_hz: float
    nominal_hz: int
    sub_frames: int
    tick_hz: float
    is_smpte: bool
    drop: DropMode
    bare_ms: float = 1000.0
    bare_name: str = "seconds"
    assumed: tuple[str, ...] = ()

    def read(self, text: str) -> TimeValue | None:
        """Return a time expression; None for what is no time, or eleven days away.

        Source: W3C TTML1, section 10.3.1, and TTML2, section 12.3.1 (time value expressions).
        Beyond those: a comma before the fraction, minutes and seconds alone, numbers without a
        unit, other spellings of units, digits of other scripts, milliseconds behind a colon.
        """
        plain = _plain(text)
        clock, offset = _CLOCK.fullmatch(plain), _OFFSET.fullmatch(plain)
        value = self._clock(clock) if clock else self._offset(offset) if offset else None
        if value is None or abs(value.ms) > LATEST_MS:
            return None
        if not value.doubt and plain != text.strip():
            return TimeValue(value.ms, ODD)
        return value

    def _clock(self, match: re.Match[str]) -> TimeValue:
        sign, hours, minutes, seconds, fraction, frames, sub = match.groups()
        whole_s = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
        doubt = "" if hours and len(minutes) == len(seconds) == 2 and not sign else ODD
        if frames is not None and len(frames) >= _DIGITS_OF_MS > len(str(self.nominal_hz)):
            fraction, frames, doubt = frames, None, ODD
        if frames is None:
            part_s = float(f"0.{fraction or 0}")
            counted = part_s * self.nominal_hz
            ms = self._counted(whole_s, counted) if self.is_smpte else (whole_s + part_s) * 1000
        else:
            count = int(frames)
            if count >= self.nominal_hz:
                count, doubt = self.nominal_hz - 1, BEYOND
            part = count + int(sub or 0) / self.sub_frames
            real_ms = whole_s * 1000 + part * 1000 / self.frame_hz
            ms = self._counted(whole_s, part) if self.is_smpte else real_ms
        return TimeValue(-ms if sign else ms, doubt)

    def _counted(self, whole_s: int, frames: float) -> float:
        """Return a time that counts frames. Source: SMPTE ST 12-1; W3C TTML1, section 6.2.2."""
        minutes = whole_s // 60
        dropped = 0
        if self.drop == "dropNTSC":
            dropped = 2 * (minutes - minutes // 10)
        elif self.drop == "dropPAL":
            dropped = 4 * (minutes // 2 - minutes // 20)
        return (whole_s * self.nominal_hz + frames - dropped) * 1000 / self.frame_hz

    def _offset(self, match: re.Match[str]) -> TimeValue | None:
        sign, number, unit = match.groups()
        is_odd = sign or unit in _SPELLED_UNITS or not (number[0] + number[-1]).isdigit()
        doubt = ODD if is_odd else ""
        unit = _SPELLED_UNITS.get(unit, unit)
        units = _UNITS_MS | {"f": 1000 / self.frame_hz, "t": 1000 / self.tick_hz}
        if not unit:
            units, doubt = {"": self.bare_ms}, NO_UNIT + self.bare_name
        if unit not in units:
            return None
        ms = float(number) * units[unit]
        return TimeValue(-ms if sign else ms, doubt)


def _plain(text: str) -> str:
    """Return a time in the letters of the format: without spaces, with a full stop."""
    text = unicodedata.normalize("NFKC", "".join(text.split()).lower())
    return "".join(_plain_character(char) for char in text)


def _plain_character(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return {",": ".", "\u066b": ".", "\u2236": ":", "\u2212": "-"}.get(char, char)
