"""One live connection of Deepgram's clients: sound in, transcripts out."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from starlette.websockets import WebSocket

from app.container import Services
from app.domain.errors import CuestreamError, MediaError
from app.domain.json_text import read_json
from app.routers.deepgram.listen_events import ListenEvents
from app.routers.deepgram.listen_sound import listen_sound
from app.routers.event_socket import (
    GOING_AWAY,
    INTERNAL_ERROR,
    NORMAL,
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    EventSocket,
)
from app.services.live.utterance_events import UtteranceEvent
from app.services.live.utterance_session import UtteranceSession
from app.submission.vendors.stream_query import StreamOrder, prompt_for

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
        self._client = EventSocket(socket)
        self._events = ListenEvents(order, request_id)
        self._digest, self._damage_reported = hashlib.sha256(), False
        self._session = UtteranceSession(
            services.readiness, services.settings, order.turns, self._send_events
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
                reading = asyncio.create_task(self._until_disconnected(), name="listen-gone")
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
            await self._report_damage()
            await self._session.commit()
            await self._session.finish()

    async def leave(self) -> None:
        """End the connection because the server shuts down."""
        await self._client.close(GOING_AWAY, "The server is shutting down")

    async def _end(self) -> None:
        """Send why a stream ended whose client is still connected."""
        error = self._session.failure
        if isinstance(error, CuestreamError):
            await self._fail(error)
        elif error is not None:
            raise error
        elif self._session.idle:
            await self._client.close(INTERNAL_ERROR, "No sound came any more")
        else:
            duration_s = self._sound.duration_s
            await self._client.send(self._events.metadata(self._digest.hexdigest(), duration_s))
            await self._client.close(NORMAL, "")

    async def _fail(self, error: CuestreamError) -> None:
        """Send the error that ended a stream, and close. Source of 1008: Deepgram's live errors."""
        await self._client.send(self._events.error(error.code, error.message))
        code = POLICY_VIOLATION if isinstance(error, MediaError) else TRY_AGAIN_LATER
        await self._client.close(code, error.message[:100])

    async def _until_disconnected(self) -> bool:
        """Wait until the client has disconnected; messages until then are ignored."""
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
                if await self._execute(message.get("text") or ""):
                    return True
            elif not data:
                return True  # as clients closed streams before there was a message for it
            else:
                await self._feed(data)
            await self._send_utterance_end()

    async def _send_utterance_end(self) -> None:
        end = self._events.utterance_end(self._session.position_ms)
        if end is not None:
            await self._client.send(end)

    async def _feed(self, data: bytes) -> None:
        self._digest.update(data)
        await self._sound.feed(data)
        await self._report_damage()

    async def _report_damage(self) -> None:
        """Send one warning that sound is damaged, which its decoder finds some blocks later."""
        if self._sound.damages and not self._damage_reported:
            self._damage_reported = True
            text = "A part of the sound is damaged and was left out"
            await self._client.send(self._events.error("media_damaged", text))

    async def _execute(self, text: str) -> bool:
        """Execute a command; return whether it closes the stream."""
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
                await self._client.send(error)
        return False

    async def _configure(self, command: Mapping[str, Any]) -> None:
        terms = command.get("keyterms")
        if command.get("features"):
            text = "Features are set in the query alone"
            await self._client.send(
                self._events.not_configured("CONFIGURE_FEATURES_NOT_SUPPORTED", text)
            )
        elif terms is None:
            await self._client.send(self._events.configured(self._order.query.keyterm))
        elif not _are_terms(terms):
            text = f"keyterms is a list of at most {_MOST_TERMS} texts"
            await self._client.send(
                self._events.not_configured("CONFIGURE_KEYTERM_LIMIT_EXCEEDED", text)
            )
        else:
            prompt, left_out = prompt_for(terms)
            if left_out:
                failure = self._events.not_configured(
                    "CONFIGURE_KEYTERM_LIMIT_EXCEEDED", left_out[0].message
                )
                await self._client.send(failure)
                return
            await self._session.configure(replace(self._order.turns, prompt=prompt))
            await self._client.send(self._events.configured(terms))

    async def _send_events(self, happened: UtteranceEvent) -> None:
        self._events.model = self._services.readiness.engine_manager.engines.transcriber_name
        for message in self._events.messages(happened):
            await self._client.send(message)
        await self._send_utterance_end()


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
