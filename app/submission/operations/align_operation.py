"""Texts and subtitles with the times at which their words are said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from app.container import Services
from app.domain.cue import Cue
from app.domain.errors import (
    InvalidFieldError,
    MediaMismatchError,
)
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.domain.request import UploadedFile
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.domain.written_cue import WrittenCue
from app.services.captions.written_cues import WrittenTrack
from app.services.layout.width import text_width
from app.services.quality.job_quality import measure_bounded
from app.services.retiming.aligned_text import AlignedText, align_text
from app.services.stages.cues import CueLayout
from app.submission.job_payloads import Payload
from app.submission.operations.file_operations import written_cues, written_track
from app.submission.operations.operation_answer import (
    subtitles_payload,
)
from app.submission.operations.operation_body import AlignBody
from app.submission.operations.recording_media import (
    Owner,
    heard_words,
    media_of,
    transcribed,
)
from app.submission.operations.timed_track import LEAST_CONFIDENCE, shown_cues
from app.submission.quality_payload import score_payload
from app.system.bounded_work import work_on

_TEXT_CHARS = 2_000_000
"""Of a text to align: ten long novels."""

_WORD_CHARS = 8
"""Matching a transcribed word takes about as long as reading so much text."""

_PAUSE_MS = 700
"""Silence between words of a text at which a cue may not go on."""


async def aligned(
    body: AlignBody,
    media: UploadedFile | None,
    services: Services,
    owner: Owner,
    notices: Sequence[Notice] = (),
) -> Payload:
    """Return a text, or subtitles, with the times at which their words are said.

    Raises:
        BadRequestError: the body is wrong, or the subtitles cannot be read.
        MediaMismatchError: the text is not what is said.
        CuestreamError: the media cannot be transcribed.
    """
    async with media_of(body, media, services) as source:
        body.check_formats()
        body.check()
        profile = body.reading_profile(services.settings)
        track, paragraphs = await _given(body, profile)
        result = await transcribed(source, body.spoken(), services, owner)
    heard = heard_words(result)
    text = await align_bounded(paragraphs, heard, result.audio_ms)
    if text.confidence < LEAST_CONFIDENCE:
        raise MediaMismatchError(text.confidence)
    language = (track.language if track else None) or "und"
    language = result.language if language == "und" else language
    if track is None:
        chars = _text_work(paragraphs, heard)
        cues = await work_on(_laid_out, [text], language, profile, chars=chars)
    else:
        cues = timed_cues(track, text, language, profile)
    said = [*notices, *(track.notices if track else ()), *result.notices, *_unrecognised(text)]
    quality = await measure_bounded(cues, profile, language)
    said += quality.notices
    payload = await subtitles_payload(cues, language, profile, body.formats, said)
    return {
        **payload,
        "alignment": {
            "confidence": text.confidence,
            "words": text.words,
            "known": text.known,
            "matched": text.match.share,
        },
        "quality": score_payload(quality.score),
    }


async def _given(body: AlignBody, profile: ReadingProfile) -> tuple[WrittenTrack | None, list[str]]:
    if body.captions:
        track = shown_cues(await written_track(body.track(), profile))
        return track, [cue.text for cue in track.cues]
    text = body.text or ""
    if len(text) > _TEXT_CHARS:
        raise InvalidFieldError(f"text: at most {_TEXT_CHARS} characters")
    return None, [line for line in map(str.strip, text.splitlines()) if line]


async def align_bounded(paragraphs: list[str], heard: list[Word], length_ms: int) -> AlignedText:
    """Find the times of a text's words where that delays nothing else; see `align_text`.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    chars = _text_work(paragraphs, heard)
    found = await work_on(_aligned, [paragraphs, heard], length_ms, chars=chars)
    return found[0]


def _text_work(paragraphs: list[str], heard: list[Word]) -> int:
    """Return how much text takes as long to read as matching these words does."""
    return sum(map(len, paragraphs)) + _WORD_CHARS * len(heard)


def _aligned(parts: list[list[object]], length_ms: int) -> list[AlignedText]:
    return [align_text(cast("list[str]", parts[0]), cast("list[Word]", parts[1]), length_ms)]


def _laid_out(texts: list[AlignedText], language: str, profile: ReadingProfile) -> list[Cue]:
    """Lay the words of a text out as cues."""
    layout = CueLayout(profile)
    segments = [part for words in texts[0].paragraphs for part in _without_pauses(words, language)]
    nexts = [segment.span.start_ms for segment in segments[1:]]
    ends = [*nexts, segments[-1].span.end_ms + profile.linger_ms if segments else 0]
    return [
        cue
        for segment, end_ms in zip(segments, ends, strict=True)
        for cue in layout.lay_out(replace(segment, clear_until_ms=max(end_ms, segment.span.end_ms)))
    ]


def _without_pauses(words: Sequence[Word], language: str) -> list[Segment]:
    parts: list[list[Word]] = []
    for word in words:
        if parts and word.span.start_ms - parts[-1][-1].span.end_ms < _PAUSE_MS:
            parts[-1].append(word)
        else:
            parts.append([word])
    return [
        Segment(
            " ".join(word.text for word in own),
            Span(own[0].span.start_ms, max(own[0].span.start_ms, own[-1].span.end_ms)),
            tuple(own),
            language,
        )
        for own in parts
    ]


def timed_cues(
    track: WrittenTrack, text: AlignedText, language: str, profile: ReadingProfile
) -> list[Cue]:
    """Return written cues in the times of their words, long enough to be read."""
    own = profile.in_language(language)
    starts: list[int] = []
    for words in text.paragraphs:
        before = starts[-1] + 1 if starts else 0
        starts.append(max(before, words[0].span.start_ms) if words else before)
    limits = [start - own.min_gap_ms for start in starts[1:]]
    spans = [
        _shown_span(start_ms, words, cue, limit_ms, own)
        for start_ms, words, cue, limit_ms in zip(
            starts, text.paragraphs, track.cues, [*limits, None], strict=True
        )
    ]
    return written_cues(track.cues, language, spans)


def _shown_span(
    start_ms: int,
    words: Sequence[Word],
    cue: WrittenCue,
    limit_ms: int | None,
    profile: ReadingProfile,
) -> Span:
    said_ms = max([start_ms, *(word.span.end_ms for word in words)])
    read_ms = start_ms + round(1000 * text_width(cue.text) / profile.max_cps)
    end_ms = max(
        said_ms, min(read_ms, said_ms + profile.linger_ms), start_ms + profile.min_duration_ms
    )
    end_ms = min(end_ms, start_ms + profile.max_duration_ms)
    if limit_ms is not None:
        end_ms = min(end_ms, max(limit_ms, start_ms + 1))
    return Span(start_ms, max(end_ms, start_ms + 1))


def _unrecognised(text: AlignedText) -> list[Notice]:
    """Return a notice of the words that were not transcribed."""
    missing = text.words - text.known
    if not missing:
        return []
    message = (
        f"{missing} of {text.words} words were not recognised; "
        "their times lie between those of their neighbours"
    )
    return [Notice("words_not_recognised", message)]
