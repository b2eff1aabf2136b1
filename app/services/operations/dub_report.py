"""What a dub's result says of each line, and its notices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.services.dubbing.dubbed_lines import DubbedLine
from app.services.dubbing.voice_choice import VoiceChoice

_TIMES_TOLD = 10

LINES_CONDENSED = "lines_condensed"
LINES_SHIFTED = "lines_shifted"
LINES_NOT_SPOKEN = "lines_not_spoken"
VOICES_SHARED = "voices_shared"
VOICES_UNUSED = "voices_unused"
LINES_TOO_LONG = "lines_too_long"

Notices = list[tuple[str, str]]


def line_entries(lines: Sequence[DubbedLine], rate_hz: int) -> list[dict[str, object]]:
    """Return what became of each line, in order of their start.

    Args:
        lines: with their sounds.
        rate_hz: of the sounds.
    """
    return [_entry(line, rate_hz) for line in lines]


def _entry(dubbed: DubbedLine, rate_hz: int) -> dict[str, object]:
    line, place, sound = dubbed.line, dubbed.placement, dubbed.sound
    entry: dict[str, object] = {
        "cue_ids": list(line.cue_ids),
        "speaker": line.speaker,
        "voice": dubbed.voice.id if dubbed.voice else None,
        "text": line.text,
        "cue_start_ms": line.start_ms,
        "cue_end_ms": line.end_ms,
        "spoken": sound is not None,
    }
    if place is None or sound is None:
        return {**entry, "reason": dubbed.unspoken}
    length_ms = round(sound.count * 1000 / rate_hz)
    return {
        **entry,
        "start_ms": place.start_ms,
        "end_ms": place.start_ms + length_ms,
        "speed_up": round(max(1.0, min(place.speed_up, dubbed.natural_ms / max(1, length_ms))), 3),
        "fits": place.fits,
        "late_ms": place.shift_ms,
        "condensed": dubbed.is_condensed,
    }


def dub_notices(lines: Sequence[DubbedLine], choice: VoiceChoice) -> Notices:
    """Return what the caller should know: lines that are otherwise than they might be expected."""
    found: Notices = []
    silent = [each for each in lines if each.sound is None]
    reasons = sorted({each.unspoken for each in silent})
    for reason in reasons:
        mine = [each for each in silent if each.unspoken == reason]
        found.append((LINES_NOT_SPOKEN, f"{_what(mine, 'is', 'are')} not spoken ({reason})"))
    _add_notice(found, LINES_CONDENSED, lines, lambda each: each.is_condensed, "shortened to fit")
    _add_notice(found, LINES_SHIFTED, lines, _is_shifted, "spoken earlier or later than shown")
    _add_notice(found, LINES_TOO_LONG, lines, _is_over, "too long for the time at any speed")
    if choice.is_shared:
        found.append((VOICES_SHARED, "There are more speakers than voices of this language"))
    if choice.unused:
        found.append((VOICES_UNUSED, f"Nobody is called {', '.join(choice.unused)}"))
    return found


def _is_shifted(line: DubbedLine) -> bool:
    return line.placement is not None and bool(line.placement.shift_ms)


def _is_over(line: DubbedLine) -> bool:
    return line.placement is not None and bool(line.placement.over_ms)


def _add_notice(
    found: Notices,
    code: str,
    lines: Sequence[DubbedLine],
    applies: Callable[[DubbedLine], bool],
    what: str,
) -> None:
    mine = [each for each in lines if each.sound is not None and applies(each)]
    if mine:
        found.append((code, f"{_what(mine, 'is', 'are')} {what}"))


def _what(lines: Sequence[DubbedLine], one: str, many: str) -> str:
    count = f"1 line {one}" if len(lines) == 1 else f"{len(lines)} lines {many}"
    times = ", ".join(f"{each.line.start_ms / 1000:.1f}" for each in lines[:_TIMES_TOLD])
    more = " and later" if len(lines) > _TIMES_TOLD else ""
    verb = count.rpartition(" ")
    return f"{verb[0]} (at {times}{more} s) {verb[2]}"
