"""Results in the shape of Deepgram's answers for recordings.

Source: ``ListenV1Response`` of Deepgram's Python SDK. Times are in seconds.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app.domain.events import Result
from app.domain.language import known_language
from app.domain.text import join_words
from app.domain.transcript import Word
from app.submission.audio_output import seconds
from app.submission.job_payloads import Payload
from app.submission.vendors.listen_query import ListenWarning, RecordingQuery
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


@dataclass(frozen=True, slots=True)
class ListenRequest:
    """What one answer depends on beside its result.

    Attributes:
        id: of the request, a UUID.
        query: its parameters.
        warnings: what of them has no effect.
        sha256: of the recording; empty where it is not known.
        model: name of the model that transcribes.
    """

    id: str
    query: RecordingQuery
    warnings: tuple[ListenWarning, ...]
    sha256: str
    model: str


class SpeakerNumbers:
    """Numbers speakers from 0 by first appearance."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def fields(self, speaker: str | None) -> Payload:
        """Return the field of a speaker; none where the speaker is unknown."""
        if speaker is None:
            return {}
        return {"speaker": self._numbers.setdefault(speaker, len(self._numbers))}


def listen_answer(result: Result, request: ListenRequest) -> Payload:
    """Return the body of an answer; slow for long recordings."""
    query = request.query
    spoken = words_of_result(result)
    words = [word for word in spoken if bare(word.text)]
    numbers = SpeakerNumbers()
    punctuated = query.is_punctuated
    alternative: Payload = {
        "transcript": _text(spoken, punctuated=punctuated),
        "confidence": _confidence(words),
        "words": [word_payload(each, numbers, punctuated=punctuated) for each in words],
    }
    if query.language.lower() == "multi":
        alternative["languages"] = _languages(result)
    if query.paragraphs:
        alternative["paragraphs"] = _paragraphs(sentences(spoken, result.language), numbers)
    channel: Payload = {"alternatives": [alternative]}
    if query.detects:
        channel |= _detected(result)
    results: Payload = {"channels": [channel]}
    if query.utterances:
        parts = utterances(spoken, round(query.utt_split * 1000))
        results["utterances"] = [
            _utterance(part, numbers, punctuated=punctuated)
            for part in parts
            if any(bare(word.text) for word in part.words)
        ]
    return {"metadata": _metadata(result, request), "results": results}


def word_payload(word: Word, numbers: SpeakerNumbers, *, punctuated: bool) -> Payload:
    """Return a word: bare, and with its punctuation where that is wanted."""
    payload: Payload = {
        "word": bare(word.text).lower(),
        "start": seconds(word.span.start_ms),
        "end": seconds(word.span.end_ms),
        "confidence": round(word.confidence, 4),
        **numbers.fields(word.speaker),
    }
    if punctuated:
        payload["punctuated_word"] = word.text
    return payload


def model_id(name: str) -> str:
    """Return the UUID of a model, which is always the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"cuestream:{name}"))


def model_info(name: str) -> Payload:
    """Return the description of a model."""
    return {"name": name, "version": "1", "arch": name.partition("-")[0]}


def created() -> str:
    """Return the time, as metadata has it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shared_metadata(query: RecordingQuery) -> Payload:
    """Return what comes back in the metadata as it was sent."""
    payload: Payload = {}
    if query.tag:
        payload["tags"] = query.tag
    if query.extras:
        payload["extra"] = query.extras
    return payload


def _metadata(result: Result, request: ListenRequest) -> Payload:
    name = model_id(request.model)
    notices = [ListenWarning("", each.code, each.message) for each in result.notices]
    payload: Payload = {
        "transaction_key": "deprecated",
        "request_id": request.id,
        "sha256": request.sha256,
        "created": created(),
        "duration": seconds(result.audio_ms),
        "channels": 1,
        "models": [name],
        "model_info": {name: model_info(request.model)},
        **shared_metadata(request.query),
    }
    if warnings := [dataclasses.asdict(each) for each in (*request.warnings, *notices)]:
        payload["warnings"] = warnings
    return payload


def _text(words: Sequence[Word], *, punctuated: bool) -> str:
    return join_words(written(words, punctuated=punctuated, cased=punctuated))


def _confidence(words: Sequence[Word]) -> float:
    return round(sum(word.confidence for word in words) / len(words), 4) if words else 0.0


def _utterance(part: Passage, numbers: SpeakerNumbers, *, punctuated: bool) -> Payload:
    words = [word for word in part.words if bare(word.text)]
    return {
        "start": seconds(part.span.start_ms),
        "end": seconds(part.span.end_ms),
        "confidence": _confidence(words),
        "channel": 0,
        "transcript": _text(part.words, punctuated=punctuated),
        "words": [word_payload(each, numbers, punctuated=punctuated) for each in words],
        **numbers.fields(part.speaker),
        "id": str(uuid.uuid4()),
    }


def _paragraphs(parts: Sequence[Passage], numbers: SpeakerNumbers) -> Payload:
    found = [(group, merged(group)) for group in paragraphs(parts)]
    texts: list[str] = []
    payloads: list[Payload] = []
    for group, whole in found:
        speaker = numbers.fields(whole.speaker)
        text = " ".join(part.text for part in group)
        texts.append(f"Speaker {speaker['speaker']}: {text}" if speaker else text)
        payloads.append(
            {
                "sentences": [{"text": part.text, **_times(part)} for part in group],
                "num_words": sum(bool(bare(word.text)) for word in whole.words),
                **_times(whole),
                **speaker,
            }
        )
    return {"transcript": "\n\n".join(texts), "paragraphs": payloads}


def _times(part: Passage) -> Payload:
    return {"start": seconds(part.span.start_ms), "end": seconds(part.span.end_ms)}


def _languages(result: Result) -> list[str]:
    """Return the spoken languages, that of most words first."""
    counts: Counter[str] = Counter()
    for segment in result.segments:
        known = known_language(segment.spoken_language)
        if known is not None:
            counts[known.base] += max(1, len(segment.words))
    return [tag for tag, _ in counts.most_common()]


def _detected(result: Result) -> Payload:
    """Return the language that was detected; none of a recording without speech."""
    known = known_language(result.language)
    if known is None or known.base == "und" or not result.segments:
        return {}
    own = [each for each in result.segments if each.language == result.language]
    probability = max((each.language_probability for each in own), default=1.0)
    return {"detected_language": known.base, "language_confidence": round(probability, 4)}
