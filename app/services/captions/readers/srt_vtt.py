"""SubRip (.srt) or WebVTT (.vtt): timing lines with text below them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from app.domain.style import Placement
from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.caption_blocks import Block, FileLine, read_lines, split_lines
from app.services.captions.readers.caption_grouping import Grouped, group
from app.services.captions.readers.caption_times import log_order, repaired_times, with_ends
from app.services.captions.readers.file_lines import file_lines, is_double_spaced
from app.services.captions.readers.loose_clock import LooseClock
from app.services.captions.readers.segment_doubles import joined_doubles
from app.services.captions.readers.time_line import TimeLine
from app.services.captions.readers.time_lines import read_time_line
from app.services.captions.readers.timestamps import INLINE_TIME, clock_ms
from app.services.captions.readers.vtt_clock import segment_offsets
from app.services.captions.readers.vtt_looks import vtt_placement, vtt_regions, vtt_styles

_VOICE = re.compile(r"<v(?:\.[^\s<>]*+)?\s++([^<>]++)>")
_UNKNOWN_TAG = re.compile(
    r"</?(?!(?:b|i|u|s|c|v|p|em|tt|rb|rt|rp|br|sub|sup|del|ruby|lang|span|font|strong|strike)"
    r"(?![A-Za-z0-9_-]))[A-Za-z][A-Za-z0-9_-]*+(?:[.\s][^<>]*+)?/?>",
    re.IGNORECASE,
)
"""Source: W3C WebVTT, section 6.4: a tag of another name is skipped, its text is shown."""

_LANGUAGE = re.compile(r"language:\s*([A-Za-z0-9_-]+)\s*", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:[?!]|/?(?!(?:i|b|u|s|c|v|em|font|lang|ruby)\b)[A-Za-z])")
_HEADER = re.compile(r"WEB ?V+T+(?![^\s-])", re.IGNORECASE)
_OF_WEBVTT = re.compile(r"(?:STYLE|REGION)\s*|X-TIMESTAMP-MAP=.*")
_SETTINGS_OF_WEBVTT = re.compile(r"(?:align|position|line|size|vertical|region):", re.IGNORECASE)
_STAMPED = re.compile(
    r"\[(?:[0-9]{1,3}:)?[0-9]{1,3}:[0-9]{2}(?:[.:][0-9]{2,3})?\]"
    "(?: ?\u2060\u2060|(?!\\W{0,8}+[0-9]++ ?[:.,;]|.*-->))"
)
"""A line of LRC or of a transcript, whose text may look like anything."""

_TIMES_OF_TRANSCRIPT = 2
_DEFAULT_MS = 3000
"""Display time of a caption whose start is unreadable."""

_SHORT_MS = 2000
"""Display time of a caption without an end, ahead of one without a start."""


def looks_like_srt(head: str) -> bool:
    """Whether a text has a line that is a time line or nearly one; XML and HTML are none."""
    if _MARKUP.match(head):
        return False
    lines = file_lines(head, FaultLog())
    return any(
        _is_sign(line, lines[at - 1] if at else "")
        for at, line in enumerate(lines)
        if not _STAMPED.match(line)
    )


def looks_like_transcript(head: str) -> bool:
    """Whether a text has times on lines of their own, in order, with text between them."""
    if _MARKUP.match(head):
        return False
    lines = [line for line in split_lines(head) if line.strip()]
    times = [time.start.ms for line in lines if (time := read_time_line(line)) and time.start]
    enough = len(times) >= _TIMES_OF_TRANSCRIPT and len(times) * 5 >= len(lines)
    return enough and times == sorted(times) and len(lines) > len(times)


def looks_like_vtt(head: str) -> bool:
    """Whether a text begins like a WebVTT file."""
    return _HEADER.match(head) is not None


def read_srt(text: str) -> RawTrack:
    """Read SubRip or SubViewer, also where numbers or blank lines between captions are missing.

    A blank line within a caption is part of it: only the next timing line ends the text. A file
    with styles, regions or settings of WebVTT is WebVTT that lost its first line.
    """
    log = FaultLog()
    return _read(file_lines(text, log), log, webvtt=False)


def read_vtt(text: str) -> RawTrack:
    """Read WebVTT; notes and identifiers are left out.

    Source: W3C WebVTT, section 6.1: a cue's text ends at the first blank line.
    """
    log = FaultLog()
    lines = file_lines(text, log)
    begin = next(
        (at for at, line in enumerate(lines) if _HEADER.match(line.lstrip("\ufeff\0 "))), 0
    )
    first = lines[begin].lstrip("\ufeff\0 ")
    if not first.startswith("WEBVTT"):
        log.add(FaultKind.HEADER, begin + 1, first.strip())
        first = "WEBVTT"
    lines[begin] = first
    return _read(lines, log, webvtt=True)


def _read(lines: list[str], log: FaultLog, *, webvtt: bool) -> RawTrack:
    spaced = is_double_spaced(lines)
    if spaced:
        log.add(FaultKind.SPACED, 2)
    webvtt = webvtt or _is_headless_webvtt(lines)
    used = list(read_lines(lines[::2] if spaced else lines, webvtt=webvtt))
    if spaced:
        used = [replace(line, number=2 * line.number - 1) for line in used]
    if webvtt and not any(line.role == "header" for line in used):
        log.add(FaultKind.HEADER, 1)
        used.insert(0, FileLine(1, "WEBVTT", "header"))
    grouped = group(used, log=log)
    heads = lines[::2] if spaced else lines
    offsets = segment_offsets(grouped.headers, log)
    captions = list(_captions(grouped, offsets, log, vtt_regions(heads) if webvtt else None))
    log_order(captions, log, _restarts(grouped, offsets))
    return RawTrack(
        tuple(captions),
        _language(grouped),
        faults=log.summary(),
        styles=vtt_styles(heads) if webvtt else {},
    )


def _is_sign(line: str, before: str) -> bool:
    """Whether a line shows that a text is a caption file."""
    time = read_time_line(line)
    if (
        time is None
        or time.weak
        or (time.in_place and before.strip() and not before.strip().isdecimal())
    ):
        return False
    return time.times == 2 or (time.times == 1 and not time.alone) or "-->" in line


def _is_headless_webvtt(lines: Sequence[str]) -> bool:
    for line in lines:
        if _OF_WEBVTT.fullmatch(line):
            return True
        if "-->" in line and _SETTINGS_OF_WEBVTT.search(line):
            time = read_time_line(line)
            if time is not None and _SETTINGS_OF_WEBVTT.match(time.settings):
                return True
    return False


def _language(grouped: Grouped) -> str:
    lines = (line.text for _, header in grouped.headers for line in header)
    return next((match[1] for line in lines if (match := _LANGUAGE.fullmatch(line))), "")


def _captions(
    grouped: Grouped,
    offsets: Mapping[int, int],
    log: FaultLog,
    regions: Mapping[str, Placement] | None,
) -> Iterator[RawCaption]:
    """Yield the captions whose times can be read, by the clock of the whole file."""
    rate_hz = _frame_rate(grouped.blocks)
    if rate_hz is not None:
        log.add(FaultKind.FRAMES, grouped.blocks[0].line.number, f"{rate_hz} frames a second")
    alone = all(block.time.alone for block in grouped.blocks)
    found: list[tuple[RawCaption, int]] = []
    for block in grouped.blocks:
        if not alone:
            _log_time_line(block, log, is_last=block is grouped.blocks[-1])
        if block.segment:
            block.body = [_without_unknown_tags(line, log) for line in block.body]
        if block.time.times:
            before = found[-1][0] if found else None
            shift_ms = offsets.get(block.segment, 0)
            caption = _caption(block, rate_hz, shift_ms, before)
            found.append((_placed(caption, block, regions), block.segment))
    captions = joined_doubles(found, log)
    if alone:
        captions = with_ends(captions, log)
    yield from repaired_times(captions, log)


def _placed(
    caption: RawCaption, block: Block, regions: Mapping[str, Placement] | None
) -> RawCaption:
    """Return a caption where the settings of WebVTT place it, by the regions of its file."""
    if regions is None:
        return caption
    text = "".join(run.text for run in caption.runs)
    return replace(caption, placement=vtt_placement(block.time.settings, regions, text))


def _restarts(grouped: Grouped, offsets: Mapping[int, int]) -> frozenset[int]:
    """Return the time lines at which a joined file or segment begins that has no known clock."""
    pairs = zip(grouped.blocks, grouped.blocks[1:], strict=False)
    return frozenset(
        block.line.number
        for before, block in pairs
        if (block.segment != before.segment and not offsets)
        or (block.number in (0, 1) and (before.number or 0) > 1)
    )


def _log_time_line(block: Block, log: FaultLog, *, is_last: bool) -> None:
    """Log how a time line was repaired, or that it and its text cannot be used."""
    line, time = block.line, block.time
    texts = [each.number for each in block.body if each.role != "blank"]
    if not time.times:
        log.add(FaultKind.NO_TIME, line.number, line.text.strip(), last=max(texts, default=0))
        return
    kinds = dict.fromkeys(time.faults)
    if is_last and not block.body and not time.text:
        log.add(FaultKind.CUT, line.number, line.text.strip())
    if len(kinds) > 1:
        kinds.pop(FaultKind.SPELLING, None)
    for kind in kinds:
        log.add(kind, line.number, line.text.strip())
    clocks = [clock for clock in (time.start, time.end) if clock is not None]
    if not kinds and not all(clock.exact for clock in clocks):
        log.add(FaultKind.SPELLING, line.number, line.text.strip())


def _without_unknown_tags(line: FileLine, log: FaultLog) -> FileLine:
    """Return a WebVTT caption's line without tags of other names than the format's."""
    found = _UNKNOWN_TAG.search(line.text) if "<" in line.text else None
    if found is None:
        return line
    log.add(FaultKind.TAG, line.number, found[0])
    return replace(line, text=_UNKNOWN_TAG.sub("", line.text))


def _frame_rate(blocks: Sequence[Block]) -> int | None:
    """Return the frames in a second, where the last numbers of all times count frames.

    Nothing names the rate: 25 where no number is larger than that, else 30.
    """
    clocks = [clock for block in blocks for clock in (block.time.start, block.time.end) if clock]
    frames = [clock.frames for clock in clocks if clock.frames is not None]
    if len(frames) < len(clocks) or len(frames) < 4 or max(frames) >= 30:
        return None
    return 25 if max(frames) < 25 else 30


def _caption(
    block: Block, rate_hz: int | None, shift_ms: int, before: RawCaption | None
) -> RawCaption:
    time = block.time
    body = ["" if line.role == "blank" else line.text for line in block.body]
    text = "\n".join([time.text, *body] if time.text else body)
    if time.separated:
        text = text.replace("[br]", "\n")
    voices = {html.unescape(voice.strip()) for voice in _VOICE.findall(text)}
    start_ms, end_ms = _span(time, rate_hz, before)
    return RawCaption(
        start_ms + shift_ms,
        None if end_ms is None else end_ms + shift_ms,
        tuple(_text_runs(text, shift_ms)),
        speaker=voices.pop() if len(voices) == 1 else None,
        line=block.line.number,
    )


def _span(time: TimeLine, rate_hz: int | None, before: RawCaption | None) -> tuple[int, int | None]:
    """Return start and end; where the start is unreadable it follows the caption before."""
    end_ms = None if time.end is None else _clock_ms(time.end, rate_hz)
    if time.start is not None:
        return _clock_ms(time.start, rate_hz), end_ms
    until_ms = end_ms or 0
    reached_ms = 0 if before is None else before.end_ms or before.start_ms + _SHORT_MS
    start_ms = max(until_ms - _DEFAULT_MS, 0)
    return max(start_ms, reached_ms) if reached_ms < until_ms else start_ms, end_ms


def _clock_ms(clock: LooseClock, rate_hz: int | None) -> int:
    return clock.ms if rate_hz is None else clock.at_rate(rate_hz)


def _text_runs(text: str, shift_ms: int) -> Iterator[TextRun]:
    first, *others = INLINE_TIME.split(text)
    yield TextRun(first)
    for stamp, words in zip(others[::2], others[1::2], strict=True):
        yield TextRun(words, clock_ms(stamp) + shift_ms)
