"""Registry of the live sessions of this worker."""

from __future__ import annotations

import asyncio

import structlog

from app.domain.audio import Samples
from app.domain.errors import CuestreamError, InvalidFieldError, InvalidLanguageError
from app.domain.language import parse_target
from app.domain.request import Task
from app.services.live.live_places import LivePlaces
from app.services.live.live_result import LiveResult, SendResult
from app.services.live.session import LiveSession, check_options
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_ENDED = "it has ended; send start_stream to begin another"


class LiveSessions:
    """Holds one session for each client that began a stream.

    Args:
        settings: limits.
        readiness: engines and translator.
        places: of all live streams; its own unless given.
    """

    def __init__(
        self, settings: Settings, readiness: Readiness, places: LivePlaces | None = None
    ) -> None:
        self._settings = settings
        self._places = places or LivePlaces(settings.live.max_sessions)
        self._readiness = readiness
        self._sessions: dict[str, tuple[LiveSession, SendResult]] = {}
        self._callers: dict[LiveSession, str] = {}
        self._reasons: dict[str, str] = {}
        """Why connected clients have no stream, where theirs was refused or has ended."""

    @property
    def sessions(self) -> int:
        """Streams that are open."""
        return len(self._sessions)

    async def start(
        self,
        client: str,
        target: object,
        send: SendResult,
        task: object = None,
        caller: str = "",
    ) -> None:
        """Begin a client's stream; a stream that the client already has is replaced.

        Args:
            client: identifies the client in later calls.
            target: what the client sent as its target language.
            send: sends a result to the client.
            task: what the client sent as its task; None for transcription.
            caller: who the client belongs to; one caller gets half of the places.

        Raises:
            InvalidFieldError: no task.
            UnavailableOptionError: the transcriber does not translate.
            InvalidLanguageError: no language, or not one that the engines serve.
            OverloadedError: every place is taken, or the caller's share of them.
            NotReadyError: the engines could not be loaded.
            DrainingError: the server shuts down.
        """
        await self.stop(client)
        try:
            self._begin(client, target, send, task, caller)
        except CuestreamError as error:
            self._reasons[client] = error.message
            raise

    def _begin(
        self, client: str, target: object, send: SendResult, task: object, caller: str
    ) -> None:
        self._readiness.admit()
        if not isinstance(target, str | None):
            raise InvalidLanguageError("Invalid target language")
        language, done = parse_target(target), _task(task)
        if self._readiness.loaded:
            check_options(self._readiness, language, done)
        self._places.take(caller)
        session = LiveSession(language, self._readiness, self._settings, send, done)
        self._sessions[client] = (session, send)
        self._callers[session] = caller
        session.task.add_done_callback(lambda _: self._forget(client, session))
        log.info("live stream began", target=language.tag if language else None)

    def feed(self, client: str, samples: Samples) -> None:
        """Add a client's audio.

        Raises:
            InvalidFieldError: the client has no stream; says why.
        """
        session = self._sessions[client][0] if client in self._sessions else None
        if session is None or session.ended_by is not None:
            reason = self._reasons.get(client) if session is None else session.ended_by
            because = f": {reason}" if reason else "; send start_stream first"
            raise InvalidFieldError(f"No stream is open{because}")
        session.feed(samples)

    def finish(self, client: str) -> None:
        """End a client's stream once everything received is captioned."""
        if client in self._sessions:
            self._sessions[client][0].finish()

    async def stop(self, client: str) -> None:
        """End a client's stream now, if there is one, and forget why there was none."""
        self._reasons.pop(client, None)
        if client in self._sessions:
            session, _ = self._sessions.pop(client)
            await session.close()

    async def leave(self) -> None:
        """End every stream, notifying each client that the server shuts down."""
        reason = "The server is shutting down"
        farewell = LiveResult("error", error=reason)
        while self._sessions:
            client, (_, send) = next(iter(self._sessions.items()))
            await self.stop(client)
            self._reasons[client] = reason
            await send(farewell)

    async def close(self) -> None:
        """End every stream."""
        await asyncio.gather(*(self.stop(client) for client in list(self._sessions)))

    def _forget(self, client: str, session: LiveSession) -> None:
        caller = self._callers.pop(session, None)
        if caller is not None:
            self._places.free(caller)
        found = self._sessions.get(client)
        if found is not None and found[0] is session:
            del self._sessions[client]
            self._reasons[client] = session.ended_by or _ENDED


def _task(sent: object) -> Task:
    match sent:
        case None | "transcribe":
            return "transcribe"
        case "translate":
            return "translate"
        case _:
            raise InvalidFieldError("task is transcribe or translate")
