"""Answers of servers in OpenAI's verbose JSON, as segments.

Every field is optional, and none is trusted: numbers come as texts (vLLM), words stand beside the
segments (OpenAI) or in them (whisperX, faster-whisper's servers), the language is a name or a code,
times go beyond the recording.

Source: https://platform.openai.com/docs/api-reference/audio/verbose-json-object
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.audio import Audio
from app.domain.errors import RemoteEngineError
from app.domain.language import known_language
from app.domain.time import Span
from app.domain.transcript import Segment
from app.gpu.calls.answered_words import TimedText, spread, timed
from app.gpu.calls.spoken_languages import language_named
from app.gpu.repetition_filter import cut_loops
from app.gpu.sentence_segments import build_segments

_MOST_CHARS = 20_000
"""Of a window's text: nobody says so much in half a minute."""

_SILENT = 0.6
_UNSURE = -1.0
"""A segment above the first as a chance that nobody speaks, and below the second as a mean
log-probability, is not speech. Source: the defaults of OpenAI's Whisper, transcribe.py."""


@dataclass(frozen=True, slots=True)
class AnswerClock:
    """Translation of an answer's times, in seconds of the file that was sent, to the recording's.

    Attributes:
        audio: what was sent.
    """

    audio: Audio

    def span(self, start: object, end: object) -> Span | None:
        """Return a stretch inside the audio; None where the times are none."""
        start_s, end_s = number(start), number(end)
        if start_s is None or end_s is None:
            return None
        whole = self.audio.span
        start_ms = self._inside(start_s, whole)
        return Span(start_ms, max(start_ms, self._inside(end_s, whole)))

    def _inside(self, seconds: float, whole: Span) -> int:
        ms = whole.start_ms + round(min(max(seconds, 0.0), 10.0**6) * 1000)
        return min(max(ms, whole.start_ms), whole.end_ms)


def segments_in(answer: object, audio: Audio, language: str | None, who: str) -> list[Segment]:
    """Return the segments of an answer; empty where nothing was said.

    Args:
        answer: parsed JSON.
        audio: what was sent.
        language: BCP 47 tag that was asked for; None where the server was to detect it.
        who: the server, for messages.

    Raises:
        RemoteEngineError: it is no transcript.
    """
    if not isinstance(answer, dict):
        raise RemoteEngineError(f"{who} answered with no transcript")
    listed = answer.get("segments")
    text = answer.get("text")
    if not isinstance(text, str) and not isinstance(listed, list):
        raise RemoteEngineError(f"{who} answered with no transcript")
    tag = _tag(answer.get("language")) or language or "und"
    clock = AnswerClock(audio)
    beside = list(_timed_texts(answer.get("words"), clock))
    found = list(_segments(listed, clock, tag, beside)) if isinstance(listed, list) else []
    if not found and isinstance(text, str) and text.strip() and not listed:
        found = _from_text(text, beside, audio, tag)
    if sum(len(segment.text) for segment in found) > _MOST_CHARS:
        raise RemoteEngineError(f"{who} answered with more text than can be said")
    return cut_loops(sorted(found, key=lambda segment: segment.span.start_ms), audio)


def _from_text(
    text: str, beside: Sequence[TimedText], audio: Audio, language: str
) -> list[Segment]:
    """Return a text without segments as one for each sentence."""
    if len(text) > _MOST_CHARS:
        return [Segment(text, audio.span, (), language)]
    words = timed(text, audio.span, beside, 1.0) if beside else spread(text, audio.span)
    return build_segments(words, language)


def _segments(
    listed: Sequence[object], clock: AnswerClock, language: str, beside: Sequence[TimedText]
) -> Iterator[Segment]:
    place = 0
    for each in listed:
        if not isinstance(each, dict) or not isinstance(each.get("text"), str):
            continue
        span = clock.span(each.get("start"), each.get("end")) or clock.audio.span
        text = " ".join(each["text"].split())
        first = place
        while place < len(beside) and _middle(beside[place].span) < span.end_ms:
            place += 1
        if not text or _is_no_speech(each):
            continue
        inner = list(_timed_texts(each.get("words"), clock))
        yield _segment(each, text, span, inner or beside[first:place], language)


def _segment(
    fields: dict[str, object], text: str, span: Span, words: Sequence[TimedText], language: str
) -> Segment:
    confidence = _confidence(fields)
    built = timed(text, span, words, confidence) if words else spread(text, span, confidence)
    if built:
        start = min(span.start_ms, *(word.span.start_ms for word in built))
        span = Span(start, max(span.end_ms, *(word.span.end_ms for word in built)))
    segment = Segment(text, span, built, _tag(fields.get("language")) or language, confidence)
    sure = number(fields.get("language_probability"))
    if sure is not None:
        segment = replace(segment, language_probability=min(max(sure, 0.0), 1.0))
    return replace(segment, clear_until_ms=span.end_ms)


def _middle(span: Span) -> int:
    return (span.start_ms + span.end_ms) // 2


def _timed_texts(listed: object, clock: AnswerClock) -> Iterator[TimedText]:
    for each in listed if isinstance(listed, list) else ():
        if not isinstance(each, dict):
            continue
        text = each.get("word", each.get("text"))
        span = clock.span(each.get("start"), each.get("end"))
        if not isinstance(text, str) or not text.strip() or span is None:
            continue
        sure = number(each.get("probability", each.get("score")))
        yield TimedText(text, span, 1.0 if sure is None else min(max(sure, 0.0), 1.0))


def _is_no_speech(fields: dict[str, object]) -> bool:
    silent = number(fields.get("no_speech_prob"))
    sure = number(fields.get("avg_logprob"))
    return silent is not None and sure is not None and silent > _SILENT and sure < _UNSURE


def _confidence(fields: dict[str, object]) -> float:
    level = number(fields.get("avg_logprob"))
    return 1.0 if level is None else math.exp(min(0.0, level))


def _tag(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    known = known_language(value) or known_language(language_named(value))
    return None if known is None else known.tag


def number(value: object) -> float | None:
    """Return a finite number, also one that was written as a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value) if not isinstance(value, str) or len(value) < 40 else math.nan
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None
