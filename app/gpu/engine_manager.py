"""The engines of this process: loaded in the background, with a state that anybody can ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.domain.errors import EngineLoadError, NotReadyError, TranscriptionDisabledError
from app.domain.request import Audience
from app.gpu.device import card
from app.gpu.engine_registry import ALIGNERS, DIARIZERS, TRANSCRIBERS, VADS, load_engine
from app.gpu.protocols import Aligner, Diarizer, Transcriber, Vad
from app.gpu.scheduler import Scheduler, SchedulerReport
from app.gpu.self_test import LANGUAGE, check_aligner, check_diarizer, check_transcriber
from app.settings import Settings

EngineState = Literal["loading", "ready", "failed", "disabled"]


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What `/health` says of one engine."""

    role: Literal["decoder", "vad", "transcriber", "aligner", "diarizer", "translator"]
    name: str
    state: EngineState = "loading"
    device: str = ""
    detail: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Engines:
    """What the line needs of the devices.

    Attributes:
        revision: the transcriber's, see `app.gpu.protocols.Engine`.
        aligner: None where words are not aligned.
        diarizer: None where speakers are not told apart.
        languages: base tags that the transcriber hears; None when it hears whatever it knows.
    """

    vad: Vad
    scheduler: Scheduler
    revision: str
    languages: tuple[str, ...] | None = None
    aligner: Aligner | None = None
    diarizer: Diarizer | None = None


class EngineManager:
    """Loads the engines that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        state: EngineState = "loading" if settings.asr.enabled else "disabled"
        self._vad = EngineStatus("vad", settings.vad.engine, state)
        self._transcriber = EngineStatus("transcriber", settings.asr.engine, state)
        self._aligner = EngineStatus(
            "aligner", settings.alignment.engine, state if settings.aligns else "disabled"
        )
        self._diarizer = EngineStatus(
            "diarizer",
            settings.diarization.engine,
            state if settings.diarization.enabled else "disabled",
        )
        self._engines: Engines | None = None
        self._transcriber_engine: Transcriber | None = None

    @property
    def statuses(self) -> tuple[EngineStatus, ...]:
        """One for each engine."""
        return (self._vad, self._transcriber, self._aligner, self._diarizer)

    @property
    def engines(self) -> Engines:
        """The loaded engines.

        Raises:
            TranscriptionDisabledError: this server has none.
            NotReadyError: they still load, or could not be loaded.
        """
        if not self._settings.asr.enabled:
            raise TranscriptionDisabledError("This server does not transcribe")
        if self._engines is None:
            raise NotReadyError("The models are not loaded", retry_after_s=10)
        return self._engines

    @property
    def queued(self) -> int:
        """Windows that wait for the transcriber."""
        return self._engines.scheduler.queued if self._engines else 0

    @property
    def busy_s(self) -> float:
        """Time that the transcriber worked, summed over its lanes."""
        return self._engines.scheduler.busy_s if self._engines else 0.0

    @property
    def full(self) -> bool:
        """Whether nothing more may wait for the engines."""
        return self._engines is not None and self._engines.scheduler.full

    def expected_first_wait_s(self, audience: Audience) -> float:
        """Predict how long a newcomer's first window would wait; 0 while nothing is loaded."""
        if self._engines is None:
            return 0.0
        return self._engines.scheduler.expected_first_wait_s(audience)

    def report(self) -> SchedulerReport | None:
        """Look at the queue and its lanes; asks the driver, so not from an event loop."""
        return self._engines.scheduler.report() if self._engines else None

    async def load(self) -> None:
        """Load every engine there is to be, off the event loop; failures are kept in the statuses.

        Raises:
            EngineLoadError: an engine cannot be loaded.
        """
        if not self._settings.asr.enabled:
            return
        vad = await self._load_vad()
        transcriber = await self._load_transcriber()
        self._transcriber_engine = transcriber
        aligner = await self._load_aligner()
        diarizer = await self._load_diarizer()
        self._engines = Engines(
            vad=vad,
            scheduler=Scheduler(
                transcriber,
                aligner,
                diarizer,
                self._settings.scheduler,
                _free_bytes if self._transcriber.device == "cuda" else None,
            ),
            revision=transcriber.revision,
            languages=getattr(transcriber, "languages", None),
            aligner=aligner,
            diarizer=diarizer,
        )

    def close(self) -> None:
        """Stop the lanes and let the engines go."""
        if self._engines is not None:
            self._engines.scheduler.close()
        _close(self._transcriber_engine)

    async def _load_vad(self) -> Vad:
        try:
            vad: Vad = await asyncio.to_thread(load_engine, VADS, self._vad.name, self._settings)
        except EngineLoadError as error:
            self._vad = replace(self._vad, state="failed", error=error.message)
            raise
        self._vad = _ready(self._vad, vad)
        return vad

    async def _load_transcriber(self) -> Transcriber:
        try:
            engine: Transcriber = await self._working(
                TRANSCRIBERS,
                self._transcriber.name,
                lambda engine: check_transcriber(engine, getattr(engine, "languages", None)),
            )
        except EngineLoadError as error:
            self._transcriber = replace(self._transcriber, state="failed", error=error.message)
            raise
        self._transcriber = _ready(self._transcriber, engine)
        return engine

    async def _load_aligner(self) -> Aligner | None:
        """Load the aligner.

        Where the owner has not asked for it, the transcriber's own word times are good enough.
        """
        if self._aligner.state == "disabled":
            return None
        try:
            aligner: Aligner = await self._working(ALIGNERS, self._aligner.name, self._try_aligner)
        except EngineLoadError as error:
            self._aligner = replace(self._aligner, state="failed", error=error.message)
            if self._settings.alignment.enabled:
                raise
            return await self._later_aligner()
        self._aligner = _ready(self._aligner, aligner)
        return aligner

    async def _later_aligner(self) -> Aligner | None:
        """Return an aligner that loads its models when they are needed, and says why it cannot."""
        alignment = self._settings.alignment.model_copy(update={"preload": ()})
        settings = self._settings.model_copy(update={"alignment": alignment})
        try:
            later: Aligner = await asyncio.to_thread(
                load_engine, ALIGNERS, self._aligner.name, settings
            )
        except EngineLoadError:
            return None
        return later

    async def _load_diarizer(self) -> Diarizer | None:
        if self._diarizer.state == "disabled":
            return None
        try:
            diarizer: Diarizer = await self._working(DIARIZERS, self._diarizer.name, check_diarizer)
        except EngineLoadError as error:
            self._diarizer = replace(self._diarizer, state="failed", error=error.message)
            raise
        self._diarizer = _ready(self._diarizer, diarizer)
        return diarizer

    async def _working(
        self, known: Mapping[str, str], name: str, check: Callable[[Any], None]
    ) -> Any:
        """Load an engine and let it show that it works."""

        def load() -> Any:
            engine = load_engine(known, name, self._settings)
            if self._settings.asr.self_test:
                try:
                    check(engine)
                except EngineLoadError:
                    _close(engine)
                    raise
            return engine

        return await asyncio.to_thread(load)

    def _try_aligner(self, aligner: Aligner) -> None:
        """The sentence is English: a server that is not meant to hear English loads no model."""
        if LANGUAGE in self._settings.alignment.preload:
            check_aligner(aligner)


def _close(engine: object) -> None:
    close = getattr(engine, "close", None)
    if close is not None:
        close()


def _free_bytes() -> int | None:
    found = card("cuda")
    return None if found is None else found.free_bytes


def _ready(status: EngineStatus, engine: object) -> EngineStatus:
    return replace(
        status,
        name=str(getattr(engine, "name", status.name)),
        state="ready",
        device=str(getattr(engine, "device", "")),
        detail=str(getattr(engine, "detail", "")),
    )
