"""One live connection of Deepgram's clients: sound in, transcripts out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from app.container import Services
from app.domain.errors import CuestreamError, MediaError
from app.domain.json_text import read_json
from app.routers.deepgram.listen_events import ListenEvents
from app.routers.deepgram.listen_sound import listen_sound
from app.services.live.utterance_events import UtteranceEvent
from app.services.live.utterance_session import UtteranceSession
from app.submission.job_payloads import Payload
from app.submission.vendors.stream_query import StreamOrder, prompt_for

_NORMAL, _GOING_AWAY, _NOT_SOUND, _FAILED, _TRY_AGAIN = 1000, 1001, 1008, 1011, 1013
_MAX_COMMAND_CHARS = 100_000
_SHOWN_CHARS = 500
_MOST_TERMS = 100


class ListenConnection:
    """Serves one accepted connection.

    Args:
        socket: accepted.
        services: of the process.
        order: what the client wants.
        request_id: of the connection.
    """

    def __init__(
        self, socket: WebSocket, services: Services, order: StreamOrder, request_id: str
    ) -> None:
        self._socket, self._services, self._order = socket, services, order
        self._events = ListenEvents(order, request_id)
        self._digest, self._damage_told = hashlib.sha256(), False
        self._lock = asyncio.Lock()
        self._session = UtteranceSession(
            services.readiness, services.settings, order.turns, self._tell
        )
        self._sound = listen_sound(order.query, self._session.feed)

    async def serve(self) -> None:
        """Serve the client until he closes the stream or leaves, or the stream ends."""
        session = self._session
        reading = asyncio.create_task(self._read(), name="listen-read")
        finishing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            await self._first_of(reading)
            if reading.done() and reading.result():
                reading = asyncio.create_task(self._until_gone(), name="listen-gone")
                finishing = asyncio.create_task(self._finish(), name="listen-finish")
                await self._first_of(reading)
            if session.task.done():
                await self._end()
        except CuestreamError as error:
            await self._fail(error)
        finally:
            reading.cancel()
            finishing.cancel()
            await asyncio.gather(reading, finishing, return_exceptions=True)
            await self._sound.close()
            await session.close()

    async def _first_of(self, reading: asyncio.Task[bool]) -> None:
        """Wait until the client has done what is read, or the stream ends.

        Raises:
            CuestreamError: his sound cannot be decoded.
        """
        ends: set[asyncio.Future[Any]] = {reading, self._session.task, self._sound.failure}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if self._sound.failure.done():
            self._sound.failure.result()

    async def _finish(self) -> None:
        """Transcribe what is left, and end the stream; a failure is that of the sound."""
        with suppress(CuestreamError):
            await self._sound.finish()
            await self._tell_damage()
            await self._session.commit()
            await self._session.finish()

    async def leave(self) -> None:
        """End the connection because the server shuts down."""
        await self._close(_GOING_AWAY, "The server is shutting down")

    async def _end(self) -> None:
        """Say how a stream ended whose client is still there."""
        task = self._session.task
        error = None if task.cancelled() else task.exception()
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        if isinstance(error, CuestreamError):
            await self._fail(error)
        elif error is not None:
            raise error
        elif self._session.idle:
            await self._close(_FAILED, "No sound came any more")
        else:
            duration_s = self._sound.duration_s
            await self._send(self._events.metadata(self._digest.hexdigest(), duration_s))
            await self._close(_NORMAL, "")

    async def _fail(self, error: CuestreamError) -> None:
        """Say what ended a stream. Source of 1008: Deepgram's errors of live streams."""
        await self._send(self._events.error(error.code, error.message))
        code = _NOT_SOUND if isinstance(error, MediaError) else _TRY_AGAIN
        await self._close(code, error.message[:100])

    async def _until_gone(self) -> bool:
        """Wait until the client has left; what he sends meanwhile is of no use."""
        while (await self._socket.receive())["type"] != "websocket.disconnect":
            continue
        return False

    async def _read(self) -> bool:
        """Take messages; return whether the client has closed his stream, and has not left."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return False
            data = message.get("bytes")
            if data is None:
                if await self._obey(message.get("text") or ""):
                    return True
            elif not data:
                return True  # as clients closed streams before there was a message for it
            else:
                await self._feed(data)
            await self._tell_utterance_end()

    async def _tell_utterance_end(self) -> None:
        end = self._events.utterance_end(self._session.position_ms)
        if end is not None:
            await self._send(end)

    async def _feed(self, data: bytes) -> None:
        self._digest.update(data)
        await self._sound.feed(data)
        await self._tell_damage()

    async def _tell_damage(self) -> None:
        """Say once that sound is damaged: its decoder says so behind what it was given."""
        if self._sound.damages and not self._damage_told:
            self._damage_told = True
            text = "A part of the sound is damaged and was left out"
            await self._send(self._events.error("media_damaged", text))

    async def _obey(self, text: str) -> bool:
        """Do what a command says; return whether it closes the stream."""
        command = _parsed(text)
        match command.get("type"):
            case "CloseStream":
                return True
            case "KeepAlive":
                pass
            case "Finalize":
                self._events.finalize()
                await self._sound.settle()
                await self._session.commit()
            case "Configure":
                await self._configure(command)
            case _:
                known = "KeepAlive, Finalize, CloseStream or Configure"
                error = self._events.error(
                    "SchemaError", f"A text message is JSON: {known}", text[:_SHOWN_CHARS]
                )
                await self._send(error)
        return False

    async def _configure(self, command: Mapping[str, Any]) -> None:
        terms = command.get("keyterms")
        if command.get("features"):
            text = "Features are set in the query alone"
            await self._send(self._events.not_configured("CONFIGURE_FEATURES_NOT_SUPPORTED", text))
        elif terms is None:
            await self._send(self._events.configured(self._order.query.keyterm))
        elif not _are_terms(terms):
            text = f"keyterms is a list of at most {_MOST_TERMS} texts"
            await self._send(self._events.not_configured("CONFIGURE_KEYTERM_LIMIT_EXCEEDED", text))
        else:
            prompt, left_out = prompt_for(terms)
            if left_out:
                failure = self._events.not_configured(
                    "CONFIGURE_KEYTERM_LIMIT_EXCEEDED", left_out[0].message
                )
                await self._send(failure)
                return
            await self._session.configure(replace(self._order.turns, prompt=prompt))
            await self._send(self._events.configured(terms))

    async def _tell(self, happened: UtteranceEvent) -> None:
        self._events.model = self._services.readiness.engine_manager.engines.transcriber_name
        for message in self._events.messages(happened):
            await self._send(message)
        await self._tell_utterance_end()

    async def _send(self, message: Payload) -> None:
        async with self._lock:
            try:
                await self._socket.send_json(message)
            except (RuntimeError, WebSocketDisconnect):
                return  # the connection was closed meanwhile

    async def _close(self, code: int, reason: str) -> None:
        try:
            await self._socket.close(code, reason)
        except (RuntimeError, WebSocketDisconnect):
            return  # it is closed already


def _are_terms(terms: object) -> bool:
    return (
        isinstance(terms, list)
        and len(terms) <= _MOST_TERMS
        and all(isinstance(term, str) and len(term) <= _SHOWN_CHARS for term in terms)
    )


def _parsed(text: str) -> Mapping[str, Any]:
    """Return a command; empty where it is none."""
    if len(text) > _MAX_COMMAND_CHARS:
        return {}
    try:
        command = read_json(text)
    except (ValueError, RecursionError):
        return {}
    return command if isinstance(command, dict) else {}
