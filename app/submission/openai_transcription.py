"""Results in the shape of OpenAI's transcription route.

No number is null, for clients show the whole answer as text where one is; see the Python SDK's
`TranscriptionVerbose` and `TranscriptionDiarized`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from itertools import groupby

from app.domain.events import Result
from app.domain.language import known_language
from app.domain.text import join_words
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.stages.assign_speakers import TurnIndex
from app.submission.audio_output import UNKNOWN, AudioOutput, full_text, label, seconds
from app.submission.job_payloads import Payload
from app.submission.openai_request import TranscriptionOptions
from app.submission.speaker_letters import SpeakerLetters
from app.system.thread_groups import DISK

_LEAST_CONFIDENCE = 1e-4


async def transcription_payload(
    result: Result, output: AudioOutput, options: TranscriptionOptions
) -> Payload:
    """Return the body of a JSON answer.

    Args:
        result: of the job.
        output: writer of what all shapes have in common.
        options: what was asked for.
    """
    return await DISK.run(_payload, result, output, options)


def usage_payload(result: Result) -> Payload:
    """Return what was used: seconds of sound, rounded up."""
    return usage_of(result.audio_ms)


def usage_of(heard_ms: int) -> Payload:
    """Return what so much of a recording counts as."""
    return {"type": "duration", "seconds": math.ceil(heard_ms / 1000)}


def segment_payloads(result: Result) -> list[Payload]:
    """Return the segments as ``verbose_json`` has them."""
    turns = TurnIndex(result.turns) if result.turns else None
    return [_segment(number, each, turns) for number, each in enumerate(result.segments)]


def diarized_segments(result: Result) -> list[Payload]:
    """Return stretches of one speaker each, in order, as ``diarized_json`` has them."""
    turns = TurnIndex(result.turns) if result.turns else None
    letters = SpeakerLetters()
    stretches = [part for each in result.segments for part in _of_one_speaker(each, turns)]
    return [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{number}",
            "start": seconds(span.start_ms),
            "end": seconds(span.end_ms),
            "speaker": letters.name_of(speaker),
            "text": text,
        }
        for number, (span, speaker, text) in enumerate(stretches)
    ]


def logprob_payloads(result: Result) -> list[Payload]:
    """Return the log probability of each word, which stands for its tokens."""
    words = (word for each in result.segments for word in each.words)
    return [
        {
            "token": text,
            "logprob": _logprob(word.confidence),
            "bytes": list(text.encode()),
        }
        for number, word in enumerate(words)
        for text in [f"{'' if word.glued or not number else ' '}{word.text}"]
    ]


def language_code_payloads(result: Result) -> list[Payload]:
    """Return the language that was detected; none where there is none."""
    known = known_language(result.language)
    return [{"code": known.base}] if known is not None and known.base != "und" else []


def language_name(tag: str | None) -> str:
    """Return a language's English name in lower case, as the vendor writes it."""
    known = known_language(tag) if tag else None
    return known.english_name.lower() if known is not None else "unknown"


def _payload(result: Result, output: AudioOutput, options: TranscriptionOptions) -> Payload:
    body = output.body
    verbose = options.kind == "verbose_json"
    payload: Payload = {"text": full_text(result.segments)}
    if options.diarized:
        payload |= {"task": "transcribe", "duration": seconds(result.audio_ms)}
        payload["segments"] = diarized_segments(result)
    elif verbose or body.timestamps:
        payload |= {
            "task": "transcribe" if result.spoken is None else "translate",
            "language": language_name(result.language),
            "duration": seconds(result.audio_ms),
            "model": output.model,
        }
    if not options.diarized:
        payload |= _timed(result, options)
    if options.kind == "json":
        payload["languages"] = language_code_payloads(result)
        if options.logprobs:
            payload["logprobs"] = logprob_payloads(result)
    payload["usage"] = usage_payload(result)
    return payload | output.warnings(result)


def _timed(result: Result, options: TranscriptionOptions) -> Payload:
    """Return segments and words, as far as they were asked for."""
    verbose = options.kind == "verbose_json"
    words = "word" in options.granularities or options.body.word_timestamps
    wants_segments = verbose and (not words or "segment" in options.granularities)
    payload: Payload = {}
    if options.body.timestamps or wants_segments:
        payload["segments"] = segment_payloads(result)
    if verbose and words:
        payload["words"] = [_word(word) for each in result.segments for word in each.words]
    return payload


def _of_one_speaker(
    segment: Segment, turns: TurnIndex | None
) -> Iterator[tuple[Span, str | None, str]]:
    if not any(word.speaker for word in segment.words):
        speaker = None if turns is None else turns.longest(segment.span)
        yield segment.span, speaker, segment.text
        return
    for speaker, group in groupby(segment.words, key=lambda word: word.speaker):
        words = list(group)
        span = Span(words[0].span.start_ms, max(word.span.end_ms for word in words))
        yield span, speaker, join_words(words)


def _segment(number: int, segment: Segment, turns: TurnIndex | None) -> Payload:
    payload: Payload = {
        "id": number,
        "seek": 0,
        "start": seconds(segment.span.start_ms),
        "end": seconds(segment.span.end_ms),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": _logprob(segment.confidence),
        "compression_ratio": _compression_ratio(segment.text),
        "no_speech_prob": 0.0,
    }
    speaker = None if turns is None else label(turns.longest(segment.span)) or UNKNOWN
    return payload if speaker is None else {**payload, "speaker": speaker}


def _logprob(confidence: float) -> float:
    return round(math.log(max(confidence, _LEAST_CONFIDENCE)), 4)


def _compression_ratio(text: str) -> float:
    """Return how well a text is compressed; a loop is very well. Source: whisper/utils.py."""
    data = text.encode()
    return round(len(data) / len(zlib.compress(data)), 4)


def _word(word: Word) -> Payload:
    return {
        "word": word.text,
        "start": seconds(word.span.start_ms),
        "end": seconds(word.span.end_ms),
    }
