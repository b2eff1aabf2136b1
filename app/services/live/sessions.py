"""The live streams of this worker."""

from __future__ import annotations

import asyncio

import structlog

from app.domain.audio import Samples
from app.domain.errors import InvalidFieldError, InvalidLanguageError, OverloadedError
from app.domain.language import parse_target
from app.services.live.line_translator import check_target
from app.services.live.live_result import LiveResult, Tell
from app.services.live.session import LiveSession
from app.services.readiness import Readiness
from app.settings import Settings

log = structlog.get_logger()

_RETRY_AFTER_S = 15


class LiveSessions:
    """Keeps one session for each reader that asked for one.

    Args:
        settings: limits.
        readiness: engines and translator.
    """

    def __init__(self, settings: Settings, readiness: Readiness) -> None:
        self._settings = settings
        self._readiness = readiness
        self._sessions: dict[str, tuple[LiveSession, Tell]] = {}

    @property
    def sessions(self) -> int:
        """Streams that are open."""
        return len(self._sessions)

    async def start(self, reader: str, target: object, tell: Tell) -> None:
        """Begin a reader's stream; one that the reader has already begins anew.

        Args:
            reader: names the reader for later calls.
            target: what the reader sent as its target language.
            tell: sends to the reader.

        Raises:
            InvalidLanguageError: no language, or not one that the engines serve.
            OverloadedError: every place is taken.
            NotReadyError: the engines could not be loaded.
            DrainingError: the server is going away.
        """
        await self.stop(reader)
        self._readiness.admit()
        if not isinstance(target, str | None):
            raise InvalidLanguageError("Invalid target language")
        language = parse_target(target)
        if self._readiness.state == "ready":
            check_target(self._readiness.translator, language)
        limit = self._settings.live.max_sessions
        if self.sessions >= limit:
            raise OverloadedError(f"All {limit} live places are taken", _RETRY_AFTER_S)
        session = LiveSession(language, self._readiness, self._settings, tell)
        self._sessions[reader] = (session, tell)
        session.task.add_done_callback(lambda _: self._forget(reader, session))
        log.info("live stream began", target=language.tag if language else None)

    def feed(self, reader: str, samples: Samples) -> None:
        """Take a reader's sound.

        Raises:
            InvalidFieldError: the reader has no stream.
        """
        if reader not in self._sessions:
            raise InvalidFieldError("No stream is open; send start_stream first")
        self._sessions[reader][0].feed(samples)

    def finish(self, reader: str) -> None:
        """Let a reader's stream end once everything spoken is told."""
        if reader in self._sessions:
            self._sessions[reader][0].finish()

    async def stop(self, reader: str) -> None:
        """End a reader's stream now, if there is one."""
        if reader in self._sessions:
            session, _ = self._sessions.pop(reader)
            await session.close()

    async def leave(self) -> None:
        """Tell every reader that the server is going away, and end every stream."""
        farewell = LiveResult("error", error="The server is shutting down")
        while self._sessions:
            reader, (_, tell) = next(iter(self._sessions.items()))
            await self.stop(reader)
            await tell(farewell)

    async def close(self) -> None:
        """End every stream."""
        await asyncio.gather(*(self.stop(reader) for reader in list(self._sessions)))

    def _forget(self, reader: str, session: LiveSession) -> None:
        found = self._sessions.get(reader)
        if found is not None and found[0] is session:
            del self._sessions[reader]
