"""One Realtime connection: client events in, server events out."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
import uuid
from collections.abc import Mapping

from starlette.websockets import WebSocket

from app.container import Services
from app.domain.errors import CuestreamError
from app.domain.json_text import read_json
from app.routers.event_socket import GOING_AWAY, TRY_AGAIN_LATER, EventSocket
from app.routers.realtime.realtime_events import Event, RealtimeEvents, VllmEvents, named
from app.routers.realtime.realtime_options import RealtimeOptions, UnknownValueError
from app.services.live.utterance_events import TurnOptions, UtteranceEvent
from app.services.live.utterance_session import UtteranceSession
from app.services.media.pcm_formats import SAMPLE_BYTES, read_samples
from app.services.media.stream_resampler import StreamResampler
from app.submission.request_fields import spoken_language
from app.system.thread_groups import VOICE

_MAX_REFERENCE_CHARS = 512
_SESSION_S = 3600
"""Source: OpenAI's guide to Realtime sessions: an hour at most."""

_VLLM_HZ = 16_000

_MODEL_NAMES = ("transcription_model", "model")
"""Of the query: speaches names the transcriber in the first where the second is for answers."""


class BadEventError(Exception):
    """A client event that cannot be done; the session stays open.

    Attributes:
        code: as OpenAI names it.
        param: which field is wrong.
    """

    def __init__(self, text: str, code: str = "invalid_value", param: str | None = None) -> None:
        super().__init__(text)
        self.text, self.code, self.param = text, code, param


class RealtimeConnection:
    """Serves one accepted connection.

    Args:
        socket: accepted.
        services: of the process.
        flat: whether the client is one of the beta.
    """

    def __init__(self, socket: WebSocket, services: Services, *, flat: bool) -> None:
        self._socket, self._services, self._flat = socket, services, flat
        self._client = EventSocket(socket)
        self._id = f"sess_{uuid.uuid4().hex[:21]}"
        self._begun = int(time.time())
        asked = (socket.query_params.get(name) for name in _MODEL_NAMES)
        self._options = RealtimeOptions(model=next(filter(None, asked), "whisper-1"))
        self._events: RealtimeEvents | VllmEvents = RealtimeEvents()
        self._resampler = StreamResampler(self._options.rate_hz)
        self._odd = b""
        self._session: UtteranceSession | None = None

    async def serve(self) -> None:
        """Serve the client until he leaves, or his stream ends."""
        readiness, settings = self._services.readiness, self._services.settings
        if language := self._socket.query_params.get("language"):
            await self._take({"type": "session.update", "session": _language_of(language)})
        self._session = session = UtteranceSession(
            readiness, settings, self._options.turns, self._send_event
        )
        await self._client.send(self._session_event("created"))
        reading = asyncio.create_task(self._read(), name="realtime-read")
        try:
            async with asyncio.timeout(_SESSION_S):
                await asyncio.wait({reading, session.task}, return_when=asyncio.FIRST_COMPLETED)
            await self._end(session)
        except TimeoutError:
            await self._client.close(GOING_AWAY, "The session is an hour old")
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await session.close()

    async def leave(self) -> None:
        """End the connection because the server shuts down."""
        await self._client.close(GOING_AWAY, "The server is shutting down")

    async def _end(self, session: UtteranceSession) -> None:
        """Send why a stream ended whose client is still connected."""
        if not session.task.done():
            return
        error = session.failure
        if isinstance(error, CuestreamError):
            await self._client.send(self._events.error(error.message, error.code))
            await self._client.close(TRY_AGAIN_LATER, error.message[:100])
        elif error is not None:
            raise error
        else:
            await self._client.close(GOING_AWAY, "No sound came any more")

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            sent: object = None
            try:
                sent = await _parsed(message.get("text"))
                await self._take(sent)
            except UnknownValueError as error:
                await self._refuse(sent, error.message, "invalid_value", error.param)
            except BadEventError as error:
                await self._refuse(sent, error.text, error.code, error.param)
            except CuestreamError as error:
                await self._refuse(sent, error.message, error.code, None)

    async def _refuse(self, sent: object, text: str, code: str, param: str | None) -> None:
        reference = _reference(sent)
        await self._client.send(self._events.error(text, code, param=param, reference=reference))

    async def _take(self, sent: object) -> None:
        """Execute a client event.

        Raises:
            BadEventError, CuestreamError: it cannot be done.
        """
        if not isinstance(sent, Mapping):
            raise BadEventError("An event is an object", "invalid_event")
        match sent.get("type"):
            case "session.update" | "transcription_session.update":
                await self._update(sent)
            case "input_audio_buffer.append":
                await self._append(sent.get("audio"))
            case "input_audio_buffer.commit":
                await self._commit(sent)
            case "input_audio_buffer.clear":
                self._odd = b""
                if self._session is not None:
                    await self._session.clear()
            case None:
                raise BadEventError("The event has no type", "missing_required_parameter", "type")
            case _:
                raise BadEventError(
                    "This server has transcription sessions alone: session.update and "
                    "input_audio_buffer.append, .commit and .clear",
                    param="type",
                )

    async def _update(self, sent: Mapping[str, object]) -> None:
        session = sent.get("session")
        if session is None and isinstance(sent.get("model"), str):
            await self._become_vllm()
            return
        if not isinstance(session, Mapping):
            raise BadEventError("session is required", "missing_required_parameter", "session")
        options = self._options.updated(session)
        self._require_language(options)
        if sent["type"] == "transcription_session.update":
            self._flat = True
        if options.rate_hz != self._options.rate_hz or options.coding != self._options.coding:
            self._resampler, self._odd = StreamResampler(options.rate_hz), b""
        self._options = options
        if isinstance(self._events, RealtimeEvents):
            self._events.logprobs = options.logprobs
        if self._session is not None:
            await self._session.configure(options.turns)
            await self._client.send(self._session_event("updated"))

    def _require_language(self, options: RealtimeOptions) -> None:
        readiness = self._services.readiness
        if readiness.loaded and options.turns.language is not None:
            spoken = spoken_language(options.turns.language)
            try:
                readiness.engine_manager.engines.require_language(spoken)
            except CuestreamError as error:
                param = "session.audio.input.transcription.language"
                raise UnknownValueError(param, error.message) from None

    async def _become_vllm(self) -> None:
        """Serve a client of vLLM from here on: sound at 16 kHz, one utterance, no turns."""
        self._events = VllmEvents()
        self._resampler, self._odd = StreamResampler(_VLLM_HZ), b""
        if self._session is not None:
            await self._session.configure(TurnOptions(ends_by="stream"))

    async def _append(self, audio: object) -> None:
        if not isinstance(audio, str):
            raise BadEventError("audio must be a text in base64", "invalid_value", "audio")
        try:
            data = await VOICE.run(base64.b64decode, audio, validate=True)
        except (binascii.Error, ValueError):
            raise BadEventError("audio is no base64", "invalid_value", "audio") from None
        data = self._odd + data
        coding = "s16" if isinstance(self._events, VllmEvents) else self._options.coding
        whole = len(data) - len(data) % SAMPLE_BYTES[coding]
        data, self._odd = data[:whole], data[whole:]
        step = self._options.rate_hz * SAMPLE_BYTES[coding]
        for at in range(0, len(data), step):
            samples = read_samples(data[at : at + step], coding)
            await self._feed(await VOICE.run(self._resampler.feed, samples))

    async def _feed(self, samples: object) -> None:
        if self._session is not None:
            await self._session.feed(samples)  # type: ignore[arg-type]

    async def _commit(self, sent: Mapping[str, object]) -> None:
        is_vllm = isinstance(self._events, VllmEvents)
        if self._session is None or (is_vllm and sent.get("final") is not True):
            return
        await self._feed(self._resampler.finish())
        await self._session.commit(_reference(sent), always=is_vllm)

    async def _send_event(self, happened: UtteranceEvent) -> None:
        event = self._events.event(happened)
        if event is not None:
            await self._client.send(event)

    def _session_event(self, what: str) -> Event:
        fields = self._options.flat() if self._flat else self._options.nested()
        shared = {"object": "realtime.transcription_session", "id": self._id}
        session = {**shared, "expires_at": self._begun + _SESSION_S, **fields}
        kind = "transcription_session" if self._flat else "session"
        shown = {"type": f"{kind}.{what}", "session": session}
        return named({**shown, "id": self._id, "created": self._begun})


async def _parsed(text: object) -> object:
    """Return the value of a message.

    Raises:
        BadEventError: it is no JSON.
    """
    if not isinstance(text, str):
        raise BadEventError("Events are JSON texts, not bytes", "invalid_event")
    try:
        return read_json(text) if len(text) < 2**16 else await VOICE.run(read_json, text)
    except ValueError:
        raise BadEventError("The event is no JSON", "invalid_json") from None


def _reference(sent: object) -> str | None:
    found = sent.get("event_id") if isinstance(sent, Mapping) else None
    return found[:_MAX_REFERENCE_CHARS] if isinstance(found, str) else None


def _language_of(language: str) -> dict[str, object]:
    return {"audio": {"input": {"transcription": {"language": language}}}}
