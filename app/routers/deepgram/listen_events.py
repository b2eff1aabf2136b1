"""Messages of a live stream as Deepgram's clients read them.

Source: ``ListenV1Results`` and its neighbours in Deepgram's Python SDK. Times are in seconds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from app.domain.text import join_words
from app.domain.transcript import Segment
from app.services.live import utterance_events as events
from app.submission.audio_output import seconds
from app.submission.job_payloads import Payload
from app.submission.vendors.listen_answer import (
    SpeakerNumbers,
    created,
    model_id,
    model_info,
    word_payload,
)
from app.submission.vendors.spoken_passages import bare, words_of_segments, written
from app.submission.vendors.stream_query import StreamOrder

_CHANNEL = [0, 1]
"""The first of one channel."""


class ListenEvents:
    """Writes what happens in one stream.

    Args:
        order: what the client wants.
        request_id: of the connection.
    """

    def __init__(self, order: StreamOrder, request_id: str) -> None:
        self._order, self._request_id = order, request_id
        self._stopped = ""
        self._finalizing = 0
        self._finalized: set[str] = set()
        self._ended: set[str] = set()
        self._open: set[str] = set()
        self._reached_ms = 0
        self._last_word_end_ms: int | None = None
        self.model = ""

    def messages(self, happened: events.UtteranceEvent) -> Iterator[Payload]:
        """Yield the messages about one event."""
        query = self._order.query
        self._note(happened)
        match happened:
            case events.SpeechStarted(_, start_ms) if query.vad_events:
                started: Payload = {"type": "SpeechStarted", "channel": [0]}
                yield {**started, "timestamp": seconds(start_ms)}
            case events.PartialTranscript(_, segments) if query.interim_results:
                yield self._results(segments)
            case events.WindowTranscribed(item, segments, is_last) if is_last or segments:
                yield self._final(segments, item if is_last else None)
            case events.NothingToCommit() if self._finalizing:
                self._finalizing -= 1
                yield self._results((), is_final=True) | {"from_finalize": True}
            case events.NotTranscribed(item, error):
                yield self.error(error.code, error.message)
                yield from self._missing_end(item)
            case events.Transcribed(item):
                yield from self._missing_end(item)

    def _note(self, happened: events.UtteranceEvent) -> None:
        match happened:
            case events.SpeechStarted(item, _):
                self._last_word_end_ms = None
                self._open.add(item)
            case events.SpeechStopped(item, _):
                self._stopped = item
            case events.Committed(item):
                self._open.add(item)
                if item != self._stopped and self._finalizing:
                    self._finalizing -= 1
                    self._finalized.add(item)
            case events.WindowTranscribed(item, _, True):
                self._ended.add(item)
            case events.Transcribed(item) | events.NotTranscribed(item):
                self._open.discard(item)

    def _missing_end(self, item: str) -> Iterator[Payload]:
        """Yield the end of an utterance, unless its last window was known to be that."""
        if item not in self._ended:
            yield self._final((), item)
        self._ended.discard(item)

    def finalize(self) -> None:
        """Note that the client wants what was said so far to be final."""
        self._finalizing += 1

    def utterance_end(self, position_ms: int) -> Payload | None:
        """Return that no word has come for as long as the client wants to know; each end once.

        Args:
            position_ms: up to which the stream was searched for speech.
        """
        wait_ms, last_ms = self._order.query.utterance_end_ms, self._last_word_end_ms
        if wait_ms is None or last_ms is None or self._open or position_ms - last_ms < wait_ms:
            return None
        self._last_word_end_ms = None
        return {"type": "UtteranceEnd", "channel": _CHANNEL, "last_word_end": seconds(last_ms)}

    def metadata(self, sha256: str, duration_s: float) -> Payload:
        """Return what closes a stream."""
        name = model_id(self.model)
        payload: Payload = {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": sha256,
            "created": created(),
            "duration": round(duration_s, 3),
            "channels": 1,
            "models": [name],
            "model_info": {name: model_info(self.model)},
        }
        query = self._order.query
        if query.tag:
            payload["tags"] = query.tag
        if query.extras:
            payload["extra"] = query.extras
        if self._order.warnings:
            payload["warnings"] = [dataclasses.asdict(each) for each in self._order.warnings]
        return payload

    def error(self, variant: str, description: str, message: str | None = None) -> Payload:
        """Return an error that leaves the stream open."""
        payload: Payload = {"type": "Error", "variant": variant, "description": description}
        return payload if message is None else {**payload, "message": message}

    def configured(self, keyterms: Sequence[str]) -> Payload:
        """Return that other terms hold from now on."""
        shown = {"type": "ConfigureSuccess", "request_id": self._request_id}
        return {**shown, "keyterms": list(keyterms)}

    def not_configured(self, code: str, description: str) -> Payload:
        """Return that nothing has changed."""
        shown = {"type": "ConfigureFailure", "request_id": self._request_id}
        return {**shown, "code": code, "description": description}

    def _final(self, segments: Sequence[Segment], ended: str | None) -> Payload:
        """Return what will not change any more.

        Args:
            segments: the transcript.
            ended: id of the utterance that ends with it; None where it goes on.
        """
        results = self._results(segments, is_final=True)
        if ended is not None:
            results["speech_final"] = ended == self._stopped and self._order.tells_ends
            results["from_finalize"] = ended in self._finalized
            self._finalized.discard(ended)
        return results

    def _results(self, segments: Sequence[Segment], *, is_final: bool = False) -> Payload:
        punctuated = self._order.query.is_punctuated
        spoken = words_of_segments(segments)
        words = [word for word in spoken if bare(word.text)]
        start_ms = words[0].span.start_ms if words else self._reached_ms
        end_ms = max((word.span.end_ms for word in words), default=start_ms)
        if is_final and words:
            self._reached_ms = self._last_word_end_ms = end_ms
        confidence = sum(word.confidence for word in words) / len(words) if words else 0.0
        alternative: Payload = {
            "transcript": join_words(written(spoken, punctuated=punctuated, cased=punctuated)),
            "confidence": round(confidence, 4),
            "words": [
                word_payload(word, SpeakerNumbers(), punctuated=punctuated) for word in words
            ],
        }
        if self._order.query.language.lower() == "multi":
            alternative["languages"] = list(dict.fromkeys(each.language for each in segments))
        return {
            "type": "Results",
            "channel_index": _CHANNEL,
            "start": seconds(start_ms),
            "duration": seconds(end_ms - start_ms),
            "is_final": is_final,
            "speech_final": False,
            "from_finalize": False,
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self._request_id,
                "model_info": model_info(self.model),
                "model_uuid": model_id(self.model),
            },
        }
