"""Time codes that count frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

_NTSC = Fraction(1000, 1001)
_DROPPED_A_MINUTE = 2
_MINUTES_WITHOUT_DROPS = 10


@dataclass(frozen=True, slots=True)
class TimeCode:
    """A time code: hours, minutes, seconds and frames."""

    hours: int
    minutes: int
    seconds: int
    frames: int


@dataclass(frozen=True, slots=True)
class FrameClock:
    """How time codes count frames.

    Attributes:
        nominal_hz: frames that a second of time code has.
        ntsc: whether a frame lasts a thousandth longer than the nominal rate says.
        drops: whether time codes leave out two numbers a minute, but for every tenth minute, so
            that they stay with the clock.

    Source: SMPTE ST 12-1, sections 5.2 (time representation) and 5.2.2 (drop frame).
    """

    nominal_hz: int
    ntsc: bool = False
    drops: bool = False

    @property
    def rate_hz(self) -> Fraction:
        """Frames a second."""
        return self.nominal_hz * _NTSC if self.ntsc else Fraction(self.nominal_hz)

    def frame_at(self, time_ms: int) -> int:
        """Return the frame that begins nearest to a time, halves up."""
        rate = self.rate_hz
        doubled, unit = 2 * time_ms * rate.numerator, 1000 * rate.denominator
        return (doubled + unit) // (2 * unit)

    def ms_at(self, frame: int) -> int:
        """Return the time at which a frame begins, in milliseconds, halves up."""
        rate = self.rate_hz
        doubled, unit = 2 * frame * 1000 * rate.denominator, rate.numerator
        return (doubled + unit) // (2 * unit)

    def time_code(self, frame: int) -> TimeCode:
        """Return the time code of a frame; the first one has the number 0."""
        if self.drops:
            frame += self._dropped_before(frame)
        seconds, frames = divmod(frame, self.nominal_hz)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return TimeCode(hours, minutes, seconds, frames)

    def frame_of(self, code: TimeCode) -> int:
        """Return the number of a time code's frame; one that is dropped is taken for the next."""
        minutes = code.hours * 60 + code.minutes
        frame = (minutes * 60 + code.seconds) * self.nominal_hz + code.frames
        if not self.drops:
            return frame
        dropped = self._dropped_a_minute * (minutes - minutes // _MINUTES_WITHOUT_DROPS)
        missing = self._dropped_a_minute - code.frames
        if code.seconds == 0 and code.minutes % _MINUTES_WITHOUT_DROPS and missing > 0:
            frame += missing
        return frame - dropped

    @property
    def _dropped_a_minute(self) -> int:
        return _DROPPED_A_MINUTE * self.nominal_hz // 30

    def _dropped_before(self, frame: int) -> int:
        dropped = self._dropped_a_minute
        minute = 60 * self.nominal_hz - dropped
        tens, rest = divmod(frame, minute * _MINUTES_WITHOUT_DROPS + dropped)
        # The first minute of ten is whole, so it is longer than the others.
        later = max(0, rest - minute - dropped)
        minutes = 0 if rest < minute + dropped else 1 + later // minute
        return dropped * (9 * tens + minutes)


PAL = FrameClock(25)
NTSC_DROP = FrameClock(30, ntsc=True, drops=True)
NTSC_NON_DROP = FrameClock(30, ntsc=True)
