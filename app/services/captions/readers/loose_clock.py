"""A time of a caption as people and programs write it, in whatever spelling."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.services.captions.readers.plain_characters import with_digits

LOOSE_CLOCK = r"[0-9]{1,9}+(?:(?: ?:{1,2} ?| ?[.,;]{1,2} ?(?=[0-9]{1,9}+(?! ?:)))[0-9]{1,9}+){0,3}+"
"""Up to four numbers with colons, points, commas or semicolons between them, in plain characters.
A point or comma that a colon follows ends the time: what follows is another one."""

_NUMBER = re.compile(r"[0-9]+")
_EXACT = re.compile(r"(?:([0-9]{1,6}):)?([0-9]{1,3}):([0-9]{1,2})(?:[.,]([0-9]{1,9}))?")
_WHOLE = re.compile(rf"-?{LOOSE_CLOCK}")
_STRAY = re.compile(r"[^0-9:.,;]+")
_FULL = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})[.,]([0-9]{3})")
_SECONDS = re.compile(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?![0-9]|[:.,;][0-9]+[:.,;][0-9])")
_UNITS = re.compile(r"(?<=[0-9]) ?(h|m|s)(?: |(?=[0-9])|$)", re.IGNORECASE)

_LONGEST = 24
"""Characters of a damaged time."""

_STRAY_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class LooseClock:
    """A time.

    Attributes:
        ms: milliseconds; may be negative.
        fields: numbers that it is written with.
        exact: whether it is written as a caption format has it.
        damaged: whether characters were left out or replaced.
        frames: the last of four numbers, where it may count frames; else None.
    """

    ms: int
    fields: int
    exact: bool = False
    damaged: bool = False
    frames: int | None = None

    def at_rate(self, rate: int) -> int:
        """Return the milliseconds where the last number counts frames of a rate in 1/s."""
        whole_ms = self.ms - self.ms % 1000
        return whole_ms + round((self.frames or 0) * 1000 / rate)


def loose_clock(text: str) -> LooseClock | None:
    """Return what a text in plain characters says, if it is a time as a whole.

    Hours and fractions may be missing, numbers of any width, separators of any kind and doubled;
    numbers that ran together (``0001500``) are divided by their usual widths. A last number of
    three digits is a fraction, after a point or comma any number is.
    """
    sign = -1 if text.startswith("-") else 1
    body = text.lstrip("-").strip()
    if exact := _EXACT.fullmatch(body):
        hours, minutes, seconds, fraction = exact.groups()
        valid = (hours is None or int(minutes) < 60) and int(seconds) < 60
        ms = _ms_of(hours or "0", minutes, seconds, fraction or "")
        fields = 2 + (hours is not None) + (fraction is not None)
        return LooseClock(sign * ms, fields, exact=valid)
    if not _WHOLE.fullmatch(body):
        return None
    numbers = _NUMBER.findall(body)
    marks = [part.strip()[:1] for part in _NUMBER.split(body)[1:-1]]
    found = _by_fields(numbers, marks)
    return None if found is None else LooseClock(sign * found.ms, found.fields, frames=found.frames)


def damaged_clock(text: str) -> LooseClock | None:
    """Return what a text says that would be a time but for a few characters.

    Letters that look like digits are read as those, units (``1h02m03s``) as separators. A surplus
    character is left out where what remains has every digit; where only the fraction is
    unreadable, the second counts.
    """
    text = text.strip(' -=~[](){}"*<>!?')
    if not text or len(text) > _LONGEST or "<" in text:
        return None
    for attempt in (text, with_digits(text), _UNITS.sub(":", text).strip(": ")):
        if (clock := loose_clock(attempt)) is not None:
            return LooseClock(clock.ms, clock.fields, damaged=attempt != text)
    likely = with_digits(text).replace(" ", "")
    without = _STRAY.sub("", likely)
    if len(likely) - len(without) > _STRAY_AT_MOST:
        return None
    full = _FULL.fullmatch(without) or _FULL.fullmatch(without.replace(";", ","))
    if full:
        return LooseClock(_ms_of(full[1], full[2], full[3], full[4]), 4, damaged=True)
    if second := _SECONDS.match(likely):
        return LooseClock(_ms_of(second[1], second[2], second[3], ""), 3, damaged=True)
    return None


def _ms_of(hours: str, minutes: str, seconds: str, fraction: str) -> int:
    whole_s = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole_s * 1000 + int(fraction[:3].ljust(3, "0"))


def _by_fields(numbers: Sequence[str], marks: Sequence[str]) -> LooseClock | None:
    """Return the time that numbers and the signs between them mean, if any."""
    numbers, marks = _divided(numbers, marks)
    match len(numbers):
        case 4:
            return _checked(numbers, len(numbers), _frames(numbers[3], marks[2]))
        case 3 if len(numbers[2]) == 3 or (marks[0] == ":" and marks[1] in ".,"):
            return _checked(["0", *numbers], 3, _frames(numbers[2], marks[1]))
        case 3:
            return _checked([*numbers, ""], 3)
        case 2 if marks[0] == ":" and len(numbers[1]) <= 2:
            return _checked(["0", *numbers, ""], 2)
        case 2 if marks[0] in ".," and len(numbers[0]) <= 5:
            return LooseClock(_ms_of("0", "0", numbers[0], numbers[1]), 2)
    return None


def _divided(numbers: Sequence[str], marks: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Divide numbers that ran together: ``0001:02,500``, ``00:00:01500``, ``000001500``."""
    if all(len(number) <= 3 for number in numbers):
        return numbers, marks
    parts: list[str] = []
    signs: list[str] = []
    for index, number in enumerate(numbers):
        pieces = _pieces(number, first=index == 0, last=index == len(numbers) - 1)
        parts += pieces
        signs += [":"] * (len(pieces) - 1) + list(marks[index : index + 1])
    return (parts, signs) if len(parts) <= 4 else (numbers, marks)


def _pieces(number: str, *, first: bool, last: bool) -> list[str]:
    width = len(number)
    fraction = [number[-3:]] if last and width in (5, 7, 9) else []
    body = number[: width - 3] if fraction else number
    # Seconds and hours may have many digits, so only a leading zero shows that they ran together.
    if len(body) not in (2, 4, 6) or (first and last is False and not body.startswith("0")):
        return [number]
    if last and not fraction and (not first or not body.startswith("0")):
        return [number]
    return [body[at : at + 2] for at in range(0, len(body), 2)] + fraction


def _checked(numbers: Sequence[str], fields: int, frames: int | None = None) -> LooseClock | None:
    hours, minutes, seconds, fraction = numbers
    if len(hours) > 6 or len(minutes) > 3 or len(seconds) > 2:
        return None
    return LooseClock(_ms_of(hours, minutes, seconds, fraction), fields, frames=frames)


def _frames(number: str, mark: str) -> int | None:
    return int(number) if mark in ":;" and len(number) == 2 else None
