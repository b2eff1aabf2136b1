"""Rules of times: order, durations, gaps, shot changes, frame rate."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from app.domain.style import Placement, zone
from app.domain.written_cue import WrittenCue
from app.services.quality.quality_rule import CheckedTrack, Fault, QualityRule, flat_text, width_of

_ROUNDING_MS = 1
"""Files round both times of a cue to a millisecond or to more."""

_SHORT_FRAMES = 0.2
"""Part of a frame that rounding to milliseconds may take from a gap of frames."""

_GAP_FRAMES = 2
_SAME_RATE = 0.002

_WORDS_PER_MINUTE = {"bbc": 180.0, "ofcom": 180.0}
"""Source: BBC Subtitle Guidelines and Ofcom, Code on Television Access Services: 160 to 180."""


def _order(track: CheckedTrack) -> Iterator[Fault]:
    for before, cue in pairwise(track.cues):
        if cue.start_ms < before.start_ms:
            yield Fault(cue.number, cue.start_ms - before.start_ms)


def _duration_is_positive(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if cue.duration_ms <= 0 or cue.start_ms < 0:
            yield Fault(cue.number, cue.duration_ms)


def _overlap(track: CheckedTrack) -> Iterator[Fault]:
    open_cues: list[WrittenCue] = []
    for cue in track.by_time:
        open_cues = [other for other in open_cues if other.end_ms > cue.start_ms][-_OPEN_CUES:]
        clashes = [other for other in open_cues if _share_place(other, cue)]
        if clashes:
            yield Fault(cue.number, max(other.end_ms for other in clashes) - cue.start_ms)
        open_cues.append(cue)


_OPEN_CUES = 16
"""Cues on screen at a time that are compared; more cannot be read anyway."""


def _share_place(one: WrittenCue, other: WrittenCue) -> bool:
    places = [zone(cue.placement or Placement()) for cue in (one, other)]
    return places[0] == places[1] and one.lane == other.lane


def _gaps(track: CheckedTrack) -> Iterator[tuple[WrittenCue, int]]:
    """Yield each cue with the gap ahead of it, where the two do not overlap."""
    for before, cue in pairwise(track.by_time):
        gap_ms = cue.start_ms - before.end_ms
        if gap_ms >= 0 and _share_place(before, cue):
            yield cue, gap_ms


def _is_too_close(track: CheckedTrack, gap_ms: int) -> bool:
    rate = track.video.frames_per_s
    if rate and track.profile.gap_in_frames:
        return gap_ms * rate / 1000 < _GAP_FRAMES - _SHORT_FRAMES
    return gap_ms < track.profile.min_gap_ms - _ROUNDING_MS


def _gap(track: CheckedTrack) -> Iterator[Fault]:
    for cue, gap_ms in _gaps(track):
        if _is_too_close(track, gap_ms):
            yield Fault(cue.number, gap_ms)


def _chaining(track: CheckedTrack) -> Iterator[Fault]:
    rate = track.video.frames_per_s
    frame_ms = 1000 / rate if rate else 42.0
    for cue, gap_ms in _gaps(track):
        least_ms = track.profile.min_gap_ms + frame_ms / 2
        if least_ms < gap_ms < track.profile.chain_below_ms:
            yield Fault(cue.number, gap_ms)


def _min_duration(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if 0 < cue.duration_ms < track.profile.min_duration_ms - _ROUNDING_MS:
            yield Fault(cue.number, cue.duration_ms)


def _max_duration(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if cue.duration_ms > track.profile.max_duration_ms + _ROUNDING_MS:
            yield Fault(cue.number, cue.duration_ms)


def _reading_speed(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        width = width_of(cue)
        if cue.duration_ms > 0 and (
            1000 * width > track.profile.max_cps * (cue.duration_ms + _ROUNDING_MS)
        ):
            yield Fault(cue.number, round(1000 * width / cue.duration_ms, 2))


def _words_per_minute(track: CheckedTrack) -> Iterator[Fault]:
    most = _WORDS_PER_MINUTE[track.asked.name]
    for cue in track.cues:
        words = len(flat_text(cue).split())
        if cue.duration_ms > 0 and 60_000 * words > most * (cue.duration_ms + _ROUNDING_MS):
            yield Fault(cue.number, round(60_000 * words / cue.duration_ms, 1))


def _frame_ms(track: CheckedTrack) -> float:
    rate = track.video.frames_per_s
    return 1000 / rate if rate else 1000 / 24


def _shot_change_start(track: CheckedTrack) -> Iterator[Fault]:
    """Yield cues that begin near a shot change and not with it."""
    for cue in track.cues:
        cut = track.video.nearest_shot_change(max(0, cue.start_ms), track.profile.snap_ms)
        if cut is not None and cut <= cue.start_ms and cue.start_ms - cut > _frame_ms(track):
            yield Fault(cue.number, cue.start_ms - cut)


def _shot_change_end(track: CheckedTrack) -> Iterator[Fault]:
    """Yield cues that end near a shot change and not two frames ahead of it."""
    ahead_ms = _GAP_FRAMES * _frame_ms(track)
    for cue in track.cues:
        cut = track.video.nearest_shot_change(max(0, cue.end_ms), track.profile.snap_ms)
        if cut is None or cut <= cue.start_ms:
            continue
        if abs(cut - ahead_ms - cue.end_ms) > _frame_ms(track):
            yield Fault(cue.number, cue.end_ms - cut)


def _frame_rate(track: CheckedTrack) -> Iterator[Fault]:
    ours, theirs = track.file_rate, track.video.frames_per_s
    if ours and theirs and abs(ours / theirs - 1) > _SAME_RATE / 4:
        yield Fault(0, round(ours, 3))


def _knows_cuts(track: CheckedTrack) -> bool:
    return bool(track.video.shot_changes_ms and track.profile.snap_ms)


TIMING_RULES = (
    QualityRule("order", "cues stand in the order of their starts", _order, unit="ms"),
    QualityRule(
        "positive_duration", "a cue begins at 0 or later and ends after it begins",
        _duration_is_positive, unit="ms",
    ),
    QualityRule("overlap", "no two cues are shown in one place at once", _overlap, unit="ms"),
    QualityRule(
        "gap", "cues are so far apart", _gap, lambda track: track.profile.min_gap_ms, "ms"
    ),
    QualityRule(
        "chaining", "shorter gaps are closed to the smallest one", _chaining,
        lambda track: track.profile.chain_below_ms, "ms", "advice",
        lambda track: track.profile.chain_below_ms > 0,
    ),
    QualityRule(
        "min_duration", "a cue is shown for so long at least", _min_duration,
        lambda track: track.profile.min_duration_ms, "ms",
    ),
    QualityRule(
        "max_duration", "a cue is shown for so long at most", _max_duration,
        lambda track: track.profile.max_duration_ms, "ms",
    ),
    QualityRule(
        "reading_speed", "so many characters are to be read in a second at most", _reading_speed,
        lambda track: track.profile.max_cps, "characters/s",
    ),
    QualityRule(
        "words_per_minute", "so many words are to be read in a minute at most", _words_per_minute,
        lambda track: _WORDS_PER_MINUTE[track.asked.name], "words/min", "advice",
        lambda track: track.asked.name in _WORDS_PER_MINUTE,
    ),
    QualityRule(
        "shot_change_start", "a cue that begins within that of a cut begins with it",
        _shot_change_start, lambda track: track.profile.snap_ms, "ms", "advice", _knows_cuts,
    ),
    QualityRule(
        "shot_change_end", "a cue that ends within that of a cut ends two frames ahead of it",
        _shot_change_end, lambda track: track.profile.snap_ms, "ms", "advice", _knows_cuts,
    ),
    QualityRule(
        "frame_rate", "the file counts frames at the rate of the picture", _frame_rate,
        lambda track: track.video.frames_per_s, "frames/s", "error",
        lambda track: bool(track.file_rate and track.video.frames_per_s),
    ),
)  # fmt: skip
"""Rules of times, each with the profile's number.

Source: Netflix Timed Text Style Guide, Subtitle Timing Guidelines, for gaps, chaining and shot
changes; `app.domain.profile` for the numbers.
"""
