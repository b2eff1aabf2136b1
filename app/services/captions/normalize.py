"""Normalization of a raw caption track."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.domain import language_tags
from app.domain.captions import Caption, CaptionKind, Captions
from app.domain.text import join_words
from app.domain.time import Span
from app.services.captions.alternates import choose_language
from app.services.captions.caption_faults import caption_notices
from app.services.captions.caption_lines import (
    TimedLines,
    by_voice,
    dialogue,
    has_voices,
    paragraph,
    read_lines,
    styles_of,
)
from app.services.captions.raw_captions import RawCaption, RawTrack
from app.services.captions.readers.timestamps import LATEST_MS
from app.services.captions.reading_notices import ReadingNotices, tell_voices
from app.services.captions.rolling import is_rolling, join_continued, unroll
from app.services.captions.signs import signs_apart
from app.services.captions.speaker_names import speaker_name
from app.services.captions.timed_words import split_words

_DEFAULT_DURATION_MS = 3000
"""Display time of a caption whose file has no end for it: the extension's own default."""


def normalize(track: RawTrack, language: str, kind: CaptionKind) -> Captions:
    """Clean a track's text, join continued text, unroll rolling captions, mend the times.

    Args:
        track: as its file has it.
        language: BCP 47 tag, or ``und`` for the one that the file names.
        kind: author of the track; rolling captions become ``auto``.

    Returns:
        Captions sorted by start; none where the track has no text.
    """
    choice = choose_language(track.captions, language, track.language)
    joined = tuple(join_continued(choice.captions))
    captions = build_timeline(replace(track, captions=joined))
    if is_rolling(captions, automatic=kind == "auto"):
        captions, kind = unroll(captions), "auto"
    moved = ReadingNotices()
    items = (
        _automatic(captions) if kind == "auto" else signs_apart([*_manual(captions, moved)], moved)
    )
    faults = caption_notices(track.faults)
    notices = (*track.notices, *faults, *choice.notices, *moved.notices())
    tag = _language(language, choice.language or track.language)
    return Captions(tag, kind, tuple(items), notices)


def build_timeline(track: RawTrack) -> list[TimedLines]:
    """Return a track's captions sorted by start, each with text and an end after its start.

    One without an end, or with one before its start, ends when the next begins, after three
    seconds at the latest. Those before the beginning or eleven days after it are left out.
    """
    captions = [caption for caption in track.captions if _is_in_range(caption)]
    found = [(caption, *read_lines(caption, track)) for caption in captions]
    found = sorted((each for each in found if each[1]), key=lambda each: each[0].start_ms)
    starts = [max(0, caption.start_ms) for caption, *_ in found]
    return [
        TimedLines(
            start_ms,
            _end_ms(caption, start_ms, next_ms),
            tuple(lines),
            caption.speaker,
            caption.lane,
            placement,
        )
        for (caption, lines, placement), start_ms, next_ms in zip(
            found, starts, _next_starts(starts, LATEST_MS), strict=True
        )
    ]


def _is_in_range(caption: RawCaption) -> bool:
    if caption.start_ms >= 0:
        return caption.start_ms < LATEST_MS
    return caption.end_ms is not None and caption.end_ms > 0


def _next_starts(starts: Sequence[int], last_ms: int) -> list[int]:
    """Return for each start the next later one, or ``last_ms`` where there is none."""
    later: list[int] = []
    next_ms = last_ms
    for index in range(len(starts) - 1, -1, -1):
        later.append(next_ms)
        if index and starts[index - 1] < starts[index]:
            next_ms = starts[index]
    return later[::-1]


def _end_ms(caption: RawCaption, start_ms: int, next_ms: int) -> int:
    end_ms = caption.end_ms
    if end_ms is not None and end_ms > start_ms:
        return min(end_ms, LATEST_MS)
    return min(next_ms, start_ms + _DEFAULT_DURATION_MS)


def _manual(captions: Sequence[TimedLines], notices: ReadingNotices) -> Iterator[Caption]:
    """Yield captions as their authors timed them; one of several voices is one for each of them."""
    for caption in captions:
        parts = [(caption.speaker, list(caption.lines))]
        if has_voices(caption.lines):
            parts = [(voice or None, lines) for voice, lines in by_voice(caption.lines)]
            tell_voices(notices, caption.start_ms)
        for speaker, lines in parts:
            yield Caption(
                Span(caption.start_ms, caption.end_ms),
                dialogue(lines),
                speaker=speaker_name(speaker),
                lane=caption.lane,
                placement=caption.placement,
                runs=styles_of(lines),
            )


def _automatic(captions: Sequence[TimedLines]) -> Iterator[Caption]:
    """Yield captions that end where the next begins, with words where the track times any."""
    timed = any(line.timed for caption in captions for line in caption.lines)
    last_ms = captions[-1].end_ms if captions else 0
    next_starts = _next_starts([caption.start_ms for caption in captions], last_ms)
    for caption, next_ms in zip(captions, next_starts, strict=True):
        span = Span(caption.start_ms, min(caption.end_ms, next_ms))
        words = split_words(caption, span.end_ms) if timed else ()
        text = join_words(words) if words else paragraph(caption.lines)
        yield Caption(span, text, words, speaker_name(caption.speaker))


def _language(requested: str, named: str) -> str:
    if requested and requested != "und":
        return requested
    return language_tags.named_tag(named) or "und"
