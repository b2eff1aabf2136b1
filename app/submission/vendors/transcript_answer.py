"""Results in the shape of AssemblyAI's transcripts.

Source: ``TranscriptResponse``, ``SentencesResponse`` and ``ParagraphsResponse`` of AssemblyAI's
Python SDK. Times are in milliseconds, the duration is in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.errors import InvalidFieldError
from app.domain.events import Result
from app.domain.language import known_language
from app.domain.profile import DEFAULT_PROFILE, ReadingProfile
from app.domain.text import join_words
from app.domain.transcript import Segment, Word
from app.services.jobs.runtime import JobRuntime
from app.services.render.file_writer import render_bounded
from app.services.stages.cues import CueLayout
from app.submission.job_payloads import Payload
from app.submission.speaker_letters import SpeakerLetters
from app.submission.vendors.spoken_passages import (
    Passage,
    bare,
    merged,
    paragraphs,
    sentences,
    utterances,
    words_of_result,
    written,
)
from app.submission.vendors.transcript_order import TranscriptBody, order_of
from app.submission.vendors.transcript_run import result_of
from app.system.bounded_work import work_on

_STATES = {"queued": "queued", "running": "processing", "stopping": "processing"}
LEAST_CAPTION_CHARS, MOST_CAPTION_CHARS = 10, 500


def transcript_payload(job: JobRuntime, model: str) -> Payload:
    """Return a transcript as its job stands; slow for long recordings.

    Args:
        job: that came by this door.
        model: name of the model that transcribes.
    """
    order = dict(order_of(job))
    body = TranscriptBody.model_validate(
        {k: v for k, v in order.items() if k != "webhook_auth_header_name"}
    )
    result = result_of(job)
    payload: Payload = {
        **order,
        "id": job.id,
        "status": _status(job, result),
        "webhook_auth": "webhook_auth_header_name" in order,
        "text": None,
        "words": None,
        "utterances": None,
        "confidence": None,
        "audio_duration": None,
        "error": None,
    }
    warnings = list(body.warnings())
    if result is not None:
        payload |= _transcript(result, body) | {"speech_model_used": model}
        warnings += [notice.message for notice in result.notices]
    elif payload["status"] == "error" and job.failure is not None:
        payload |= {"error": job.failure.message, "error_code": job.failure.code}
    if warnings:
        payload["metadata"] = {
            "warning": warnings[0],
            "warnings": [{"message": text} for text in warnings],
        }
    return payload


def sentences_payload(job: JobRuntime, result: Result, model: str) -> Payload:
    """Return a transcript's sentences."""
    letters = _Letters(result)
    return _passages("sentences", _sentences(result), job, result, letters) | {
        "speech_model_used": model
    }


def paragraphs_payload(job: JobRuntime, result: Result, model: str) -> Payload:
    """Return a transcript's paragraphs."""
    letters = _Letters(result)
    parts = [merged(group) for group in paragraphs(_sentences(result))]
    return _passages("paragraphs", parts, job, result, letters) | {"speech_model_used": model}


async def subtitle_text(result: Result, kind: str, chars_per_caption: int | None) -> str:
    """Return a transcript as a subtitle file.

    Args:
        result: of the job.
        kind: srt or vtt.
        chars_per_caption: most characters of a caption; None for the usual layout.

    Raises:
        InvalidFieldError: no such number of characters.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    if chars_per_caption is None:
        return await render_bounded(result.cues, kind, DEFAULT_PROFILE, result.language)
    if not LEAST_CAPTION_CHARS <= chars_per_caption <= MOST_CAPTION_CHARS:
        text = f"chars_per_caption: from {LEAST_CAPTION_CHARS} to {MOST_CAPTION_CHARS}"
        raise InvalidFieldError(text)
    profile = _profile(chars_per_caption)
    chars = sum(len(segment.text) for segment in result.segments)
    cues = await work_on(_laid_out, result.segments, profile, chars=chars)
    return await render_bounded(cues, kind, profile, result.language)


def _profile(chars: int) -> ReadingProfile:
    """Return the usual profile with captions of so many characters at most."""
    lines = math.ceil(chars / DEFAULT_PROFILE.max_line_chars)
    return replace(DEFAULT_PROFILE, max_line_chars=chars // lines, max_lines=lines)


def _laid_out(segments: Sequence[Segment], profile: ReadingProfile) -> Iterator[Cue]:
    layout = CueLayout(profile)
    for segment in segments:
        yield from layout.lay_out(segment)


class _Letters:
    """Names of speakers: A, B, ...; None without diarization."""

    def __init__(self, result: Result) -> None:
        self._letters = SpeakerLetters()
        self._known = bool(result.turns)

    def fields(self, speaker: str | None) -> Payload:
        if not self._known or speaker is None:
            return {"speaker": None}
        return {"speaker": self._letters.name_of(speaker)}


def _status(job: JobRuntime, result: Result | None) -> str:
    if result is not None:
        return "completed"
    return _STATES.get(job.record.state, "error")


def _transcript(result: Result, body: TranscriptBody) -> Payload:
    letters = _Letters(result)
    spoken = words_of_result(result)
    words = written(
        spoken, punctuated=body.punctuate is not False, cased=body.format_text is not False
    )
    payload: Payload = {
        "text": join_words(words),
        "words": [_word(word, letters) for word in words],
        "confidence": _confidence(spoken),
        "audio_duration": math.ceil(result.audio_ms / 1000),
    }
    if body.speaker_labels:
        payload["utterances"] = [
            _passage(part, letters) | {"words": [_word(word, letters) for word in part.words]}
            for part in utterances(words, None)
        ]
    known = known_language(result.language)
    if known is not None and known.base != "und":
        payload["language_code"] = known.base
    if body.detects and result.segments:
        own = [each for each in result.segments if each.language == result.language]
        probability = max((each.language_probability for each in own), default=1.0)
        payload |= {"language_detection": True, "language_confidence": round(probability, 4)}
    return payload


def _sentences(result: Result) -> list[Passage]:
    return sentences(words_of_result(result), result.language)


def _passages(
    name: str, parts: Sequence[Passage], job: JobRuntime, result: Result, letters: _Letters
) -> Payload:
    return {
        name: [
            _passage(part, letters) | {"words": [_word(word, letters) for word in part.words]}
            for part in parts
        ],
        "id": job.id,
        "confidence": _confidence(words_of_result(result)),
        "audio_duration": math.ceil(result.audio_ms / 1000),
    }


def _passage(part: Passage, letters: _Letters) -> Payload:
    return {
        "text": part.text,
        "start": part.span.start_ms,
        "end": part.span.end_ms,
        "confidence": round(part.confidence, 4),
        **letters.fields(part.speaker),
    }


def _word(word: Word, letters: _Letters) -> Payload:
    return {
        "text": word.text,
        "start": word.span.start_ms,
        "end": word.span.end_ms,
        "confidence": round(word.confidence, 4),
        **letters.fields(word.speaker),
    }


def _confidence(words: Sequence[Word]) -> float:
    own = [word.confidence for word in words if bare(word.text)]
    return round(sum(own) / len(own), 4) if own else 0.0
