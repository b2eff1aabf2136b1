"""Results in the shapes of whisper-asr-webservice, which are those of Whisper's own writers."""

from __future__ import annotations

import json
import math
from typing import Literal, get_args

from app.domain.events import Result
from app.domain.profile import ReadingProfile
from app.domain.transcript import Segment
from app.services.render.file_writer import render_bounded
from app.submission.audio_output import seconds
from app.submission.job_payloads import Payload
from app.system.thread_groups import DISK

AsrFormat = Literal["txt", "vtt", "srt", "tsv", "json"]
FORMAT_NAMES: tuple[AsrFormat, ...] = get_args(AsrFormat)

_LEAST_CONFIDENCE = 1e-4


async def asr_text(
    result: Result, kind: AsrFormat, profile: ReadingProfile, *, has_words: bool
) -> str:
    """Return a result in one of the formats; without speech it is empty, but for JSON.

    Args:
        result: of the job.
        kind: the format.
        profile: of its cues.
        has_words: whether JSON has the times of words, inside their segments.
    """
    if kind in ("srt", "vtt"):
        if not result.cues:
            return ""
        return (await render_bounded(result.cues, kind, profile, result.language)).strip() + "\n"
    if kind == "json":
        return await DISK.run(_json, result, has_words)
    return _table(result) if kind == "tsv" else _lines(result)


def _lines(result: Result) -> str:
    return "".join(f"{_text(each)}\n" for each in result.segments)


def _table(result: Result) -> str:
    rows = [
        f"{each.span.start_ms}\t{each.span.end_ms}\t{_text(each)}\n" for each in result.segments
    ]
    return "".join(["start\tend\ttext\n", *rows])


def _text(segment: Segment) -> str:
    return " ".join(segment.text.split())


def _json(result: Result, has_words: bool) -> str:
    segments = [_segment(n, each, has_words) for n, each in enumerate(result.segments)]
    text = " ".join(_text(each) for each in result.segments)
    payload = {"language": result.language, "segments": segments, "text": text}
    return json.dumps(payload, ensure_ascii=False)


def _segment(number: int, segment: Segment, has_words: bool) -> Payload:
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
    if has_words:
        payload["words"] = [
            {
                "word": word.text,
                "start": seconds(word.span.start_ms),
                "end": seconds(word.span.end_ms),
                "probability": round(word.confidence, 3),
            }
            for word in segment.words
        ]
    return payload
