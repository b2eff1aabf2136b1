"""Server events of Realtime transcription.

Source: OpenAI's reference of Realtime server events; vLLM's of its own Realtime API.
"""

from __future__ import annotations

import math
import uuid

from app.domain.errors import CuestreamError
from app.domain.language import known_language
from app.domain.transcript import Segment, Word
from app.services.live import utterance_events as events

Event = dict[str, object]

_ITEM = "conversation.item.input_audio_transcription"
_LEAST_CONFIDENCE = 1e-4


class RealtimeEvents:
    """Writes events as OpenAI's clients read them.

    Attributes:
        logprobs: whether probabilities of words are sent.
    """

    def __init__(self) -> None:
        self.logprobs = False
        self._previous: str | None = None

    def event(self, happened: events.UtteranceEvent) -> Event | None:
        """Return one event; None for what these clients get no event of."""
        match happened:
            case events.SpeechStarted(item, at_ms):
                kind: Event = {"type": "input_audio_buffer.speech_started"}
                return named(kind | {"item_id": item, "audio_start_ms": at_ms})
            case events.SpeechStopped(item, at_ms):
                kind = {"type": "input_audio_buffer.speech_stopped"}
                return named(kind | {"item_id": item, "audio_end_ms": at_ms})
            case events.Committed(item):
                previous, self._previous = self._previous, item
                kind = {"type": "input_audio_buffer.committed"}
                return named(kind | {"item_id": item, "previous_item_id": previous})
            case events.Cleared():
                return named({"type": "input_audio_buffer.cleared"})
            case events.TextDelta(item, text):
                return named(_item("delta", item) | {"delta": text})
            case events.Transcribed():
                return named(self._completed(happened))
            case events.NotTranscribed(item, error):
                return named(_item("failed", item) | {"error": failure(error)})
            case events.PartialTranscript() | events.WindowTranscribed():
                return None
            case events.NothingToCommit(sound_ms, reference):
                text = "Error committing input audio buffer: buffer too small. Expected at least "
                text += f"100ms of audio, but buffer only has {sound_ms:.2f}ms of audio."
                return self.error(text, "input_audio_buffer_commit_empty", reference=reference)

    def error(
        self, text: str, code: str, *, param: str | None = None, reference: str | None = None
    ) -> Event:
        """Return an error that leaves the session open."""
        error = {"type": "invalid_request_error", "code": code, "message": text}
        return named({"type": "error", "error": {**error, "param": param, "event_id": reference}})

    def _completed(self, transcribed: events.Transcribed) -> Event:
        event = _item("completed", transcribed.item) | {
            "transcript": transcribed.text,
            "languages": [{"code": code} for code in _languages(transcribed.segments)],
            "usage": {"type": "duration", "seconds": transcribed.sound_ms / 1000},
        }
        if self.logprobs:
            event["logprobs"] = [
                _logprob(w.text, w.confidence) for w in _words(transcribed.segments)
            ]
        return event


class VllmEvents:
    """Writes events as clients of vLLM read them; there is one utterance at a time."""

    def event(self, happened: events.UtteranceEvent) -> Event | None:
        """Return one event; None for what these clients do not know."""
        match happened:
            case events.TextDelta(_, text):
                return {"type": "transcription.delta", "delta": text}
            case events.Transcribed():
                usage = {"type": "duration", "seconds": happened.sound_ms / 1000}
                return {"type": "transcription.done", "text": happened.text, "usage": usage}
            case events.NotTranscribed(_, error):
                return self.error(error.message, error.code)
            case _:
                return None

    def error(
        self, text: str, code: str, *, param: str | None = None, reference: str | None = None
    ) -> Event:
        """Return an error that leaves the session open."""
        del param, reference
        return {"type": "error", "error": text, "code": code}


def named(event: Event) -> Event:
    """Return an event with an id of its own."""
    return {"event_id": f"event_{uuid.uuid4().hex[:21]}", **event}


def failure(error: CuestreamError) -> dict[str, object]:
    """Return why an utterance was not transcribed."""
    kind = "server_error" if error.retryable else "transcription_error"
    return {"type": kind, "code": error.code, "message": error.message, "param": None}


def _item(kind: str, item: str) -> Event:
    return {"type": f"{_ITEM}.{kind}", "item_id": item, "content_index": 0}


def _languages(segments: tuple[Segment, ...]) -> list[str]:
    known = (known_language(segment.spoken_language) for segment in segments)
    return list(dict.fromkeys(language.base for language in known if language is not None))


def _words(segments: tuple[Segment, ...]) -> list[Word]:
    return [word for segment in segments for word in segment.words]


def _logprob(text: str, confidence: float) -> dict[str, object]:
    value = round(math.log(max(confidence, _LEAST_CONFIDENCE)), 4)
    return {"token": text, "logprob": value, "bytes": list(text.encode())}
