"""Readiness of the server: its engines, its translator, its shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Protocol

import structlog

from app.domain.errors import DrainingError, EngineLoadError, NotReadyError
from app.domain.language_tags import english_name
from app.gpu.engine_manager import EngineManager
from app.gpu.loaded_engines import EngineStatus
from app.services.translation.translator import Translator
from app.services.translation.translator_registry import build_translator
from app.settings import Settings

log = structlog.get_logger()


class Probeable(Protocol):
    """Something that can check whether it works."""

    async def probe(self) -> None:
        """Check it.

        Raises:
            EngineLoadError: it does not work; the message says what to do.
        """
        ...


class Readiness:
    """Loads the engines in the background and reports their state.

    Args:
        settings: name the translator.
        engine_manager: of the speech engines.
        decoder: decodes media.
        build: constructs the translator; raises EngineLoadError when it cannot.

    Attributes:
        engine_manager: as given.
        failure: why the engines could not be loaded; None unless they failed.
        stalled: why requests cannot be served although everything is loaded; None while they can.
        draining: whether the server is shutting down.
    """

    def __init__(
        self,
        settings: Settings,
        engine_manager: EngineManager,
        decoder: Probeable,
        build: Callable[[Settings], Translator] = build_translator,
    ) -> None:
        self._settings = settings
        self._build = build
        self.engine_manager = engine_manager
        self._decoder = decoder
        self._decoder_status = EngineStatus("decoder", "ffmpeg")
        self._translator: Translator | None = None
        self._translates = settings.role != "diarization"
        self._translator_status = EngineStatus(
            "translator",
            settings.translation.provider,
            "loading" if self._translates else "disabled",
        )
        self._settled = asyncio.Event()
        self.failure: str | None = None
        self.stalled: str | None = None
        self.draining = False

    @property
    def state(self) -> Literal["loading", "ready", "stalled", "failed", "draining"]:
        """State for the health check; once ready it never goes back to loading."""
        if self.draining:
            return "draining"
        if self.failure is not None:
            return "failed"
        if not self._settled.is_set():
            return "loading"
        return "ready" if self.stalled is None else "stalled"

    @property
    def loaded(self) -> bool:
        """Whether the translator and the engines are loaded and the server is not leaving."""
        return self.state in {"ready", "stalled"}

    @property
    def statuses(self) -> tuple[EngineStatus, ...]:
        """The status of each engine."""
        return (self._decoder_status, *self.engine_manager.statuses, self._translator_status)

    @property
    def translator(self) -> Translator:
        """The translator.

        Raises:
            NotReadyError: it is not loaded.
        """
        if self._translator is None:
            raise NotReadyError("The translator is not loaded", retry_after_s=10)
        return self._translator

    def admit(self) -> None:
        """Refuse new work when waiting would not help.

        Raises:
            NotReadyError: the engines could not be loaded.
            DrainingError: the server is shutting down.
        """
        if self.draining:
            raise DrainingError("The server is shutting down", retry_after_s=5)
        if self.failure is not None:
            raise NotReadyError(f"The server cannot work: {self.failure}", retry_after_s=60)

    async def load(self) -> None:
        """Load the translator and the engines; a failure is stored and logged, not raised."""
        try:
            await self._check_decoder()
            if self._translates:
                self._translator = await self._load_translator()
            await self.engine_manager.load()
        except EngineLoadError as error:
            self.failure = error.message
            log.error("engines cannot be loaded", reason=error.message)
        finally:
            self._settled.set()

    async def close(self) -> None:
        """Close the translator."""
        if self._translator is not None:
            await self._translator.close()

    async def wait(self) -> None:
        """Wait until everything is loaded.

        Raises:
            NotReadyError: loading failed.
            DrainingError: the server is shutting down.
        """
        await self._settled.wait()
        self.admit()

    async def _check_decoder(self) -> None:
        try:
            await self._decoder.probe()
        except EngineLoadError as error:
            failed = replace(self._decoder_status, state="failed", error=error.message)
            self._decoder_status = failed
            raise
        self._decoder_status = replace(self._decoder_status, state="ready", device="cpu")

    async def _load_translator(self) -> Translator:
        status = self._translator_status
        try:
            # Both take a second of imports where nothing is compiled yet.
            translator = await asyncio.to_thread(self._build, self._settings)
            await asyncio.to_thread(english_name, "en")
            await translator.probe()
        except EngineLoadError as error:
            self._translator_status = replace(status, state="failed", error=error.message)
            raise
        self._translator_status = replace(
            status, state="ready", name=translator.name, detail=translator.detail
        )
        return translator
