"""Results in the shape of OpenAI's transcription route.

No number is null, for clients show the whole answer as text where one is; see the Python SDK's
`TranscriptionVerbose`.
"""

from __future__ import annotations

import math

from app.domain.events import Result
from app.domain.language import known_language
from app.domain.transcript import Segment, Word
from app.services.stages.assign_speakers import TurnIndex
from app.submission.audio_output import AudioOutput, full_text, label, seconds
from app.submission.job_payloads import Payload
from app.system.thread_groups import DISK

_LEAST_CONFIDENCE = 1e-4


async def transcription_payload(
    result: Result, output: AudioOutput, *, granularities: str
) -> Payload:
    """Return the body of the answer.

    Args:
        result: of the job.
        output: what was asked for.
        granularities: ``word``, ``segment``, both or nothing.
    """
    return await DISK.run(_payload, result, output, granularities)


def _payload(result: Result, output: AudioOutput, granularities: str) -> Payload:
    body = output.body
    verbose = body.response_format == "verbose_json"
    payload: Payload = {"text": full_text(result.segments)}
    if verbose or body.timestamps:
        known = known_language(body.language or result.language)
        payload["task"] = "transcribe"
        payload["language"] = known.english_name.lower() if known is not None else "unknown"
        payload["duration"] = seconds(result.audio_ms)
        payload["model"] = output.model
    words = "word" in granularities or body.word_timestamps
    if body.timestamps or (verbose and (not words or "segment" in granularities)):
        turns = TurnIndex(result.turns) if result.turns else None
        payload["segments"] = [
            _segment(number, segment, turns) for number, segment in enumerate(result.segments)
        ]
    if verbose and words:
        payload["words"] = [_word(word) for each in result.segments for word in each.words]
    return payload


def _segment(number: int, segment: Segment, turns: TurnIndex | None) -> Payload:
    payload: Payload = {
        "id": number,
        "seek": 0,
        "start": seconds(segment.span.start_ms),
        "end": seconds(segment.span.end_ms),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(math.log(max(segment.confidence, _LEAST_CONFIDENCE)), 4),
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
    speaker = None if turns is None else label(turns.longest(segment.span))
    return payload if speaker is None else {**payload, "speaker": speaker}


def _word(word: Word) -> Payload:
    return {
        "word": word.text,
        "start": seconds(word.span.start_ms),
        "end": seconds(word.span.end_ms),
    }
