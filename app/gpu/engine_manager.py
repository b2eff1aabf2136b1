"""Engines of this process, loaded in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from app.domain.errors import (
    EngineLoadError,
    NotReadyError,
    TranscriptionDisabledError,
    UnavailableOptionError,
)
from app.domain.request import Audience
from app.gpu.device import gpu_info
from app.gpu.engine_registry import ALIGNERS, DIARIZERS, TRANSCRIBERS, VADS, load_engine
from app.gpu.loaded_engines import EngineRole, Engines, EngineStatus, SpeakerEngines
from app.gpu.packages import installed
from app.gpu.protocols import (
    ELSEWHERE,
    Aligner,
    Diarizer,
    Engine,
    PaidTranscriber,
    Transcriber,
    Vad,
)
from app.gpu.scheduler import Scheduler, SchedulerReport
from app.gpu.self_test import LANGUAGE, check_aligner, check_diarizer, check_transcriber
from app.settings import Settings
from app.system.thread_priority import lower_priority

T = TypeVar("T")


class EngineManager:
    """Loads the engines that the settings name, and that the worker's role wants."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        unaligned = _unaligned_reason(settings)
        configured: dict[EngineRole, tuple[str, bool]] = {
            "vad": (settings.vad.engine, True),
            "transcriber": (settings.asr.engine, True),
            "aligner": (settings.alignment.engine, settings.aligns and not unaligned),
            "diarizer": (settings.diarization.engine, settings.diarization.enabled),
        }
        self._speakers_alone = settings.role == "diarization"
        self._statuses = {
            role: EngineStatus(
                role, name, "loading" if self._is_wanted(role) and enabled else "disabled"
            )
            for role, (name, enabled) in configured.items()
        }
        self._statuses["aligner"] = replace(self._statuses["aligner"], detail=unaligned)
        self._engines: Engines | None = None
        self._speakers: SpeakerEngines | None = None

    def _is_wanted(self, role: EngineRole) -> bool:
        return self._settings.asr.enabled or (self._speakers_alone and role == "diarizer")

    @property
    def statuses(self) -> tuple[EngineStatus, ...]:
        """One status for each engine."""
        return tuple(self._statuses.values())

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
    def speakers(self) -> SpeakerEngines:
        """Diarizer with its scheduler.

        Raises:
            UnavailableOptionError: this server has no diarizer.
            NotReadyError: it still loads, or could not be loaded.
        """
        if self._statuses["diarizer"].state == "disabled":
            raise UnavailableOptionError("This server has no diarization engine")
        if self._speakers is None:
            raise NotReadyError("The models are not loaded", retry_after_s=10)
        return self._speakers

    @property
    def _scheduler(self) -> Scheduler | None:
        if self._engines is not None:
            return self._engines.scheduler
        return None if self._speakers is None else self._speakers.scheduler

    @property
    def queued(self) -> int:
        """Windows that wait for the transcriber."""
        return self._scheduler.queued if self._scheduler else 0

    @property
    def busy_s(self) -> float:
        """Time that the engines worked, summed over the worker threads."""
        return self._scheduler.busy_s if self._scheduler else 0.0

    @property
    def longest_call_s(self) -> float:
        """How long the longest call of an engine has been running; 0 while none is."""
        return self._scheduler.longest_call_s if self._scheduler else 0.0

    @property
    def broken(self) -> bool:
        """Whether a thread that calls the engines has ended."""
        return self._scheduler is not None and self._scheduler.broken

    @property
    def full(self) -> bool:
        """Whether no further work may wait for the engines."""
        return self._scheduler is not None and self._scheduler.full

    @property
    def languages(self) -> tuple[str, ...] | None:
        """Base tags that the transcriber knows; None where it has no list or is not loaded."""
        return None if self._engines is None else self._engines.languages

    def expected_first_wait_s(self, audience: Audience) -> float:
        """Predict how long the first window of a new job would wait; 0 while nothing is loaded."""
        if self._scheduler is None:
            return 0.0
        return self._scheduler.expected_first_wait_s(audience)

    def report(self) -> SchedulerReport | None:
        """Return the scheduler's present state; asks the driver, so not from an event loop."""
        return self._scheduler.report() if self._scheduler else None

    async def load(self) -> None:
        """Load every enabled engine off the event loop; failures are stored in the statuses.

        Raises:
            EngineLoadError: an engine cannot be loaded.
        """
        if self._speakers_alone:
            await self._load_speakers_alone()
        if not self._settings.asr.enabled:
            return
        vad: Vad = await self._load("vad", VADS)
        transcriber: Transcriber = await self._load("transcriber", TRANSCRIBERS, _try_transcriber)
        aligner = await self._load_aligner()
        diarizer: Diarizer | None = await self._load("diarizer", DIARIZERS, check_diarizer)
        on_gpu = self._statuses["transcriber"].device == "cuda"
        self._engines = Engines(
            vad=vad,
            scheduler=Scheduler(
                transcriber,
                aligner,
                diarizer,
                self._settings.scheduler,
                _free_bytes if on_gpu else None,
            ),
            transcriber_cache_key=transcriber.cache_key,
            languages=transcriber.languages,
            transcriber_name=f"{transcriber.name} ({transcriber.detail})",
            translates=transcriber.translates,
            aligner=aligner,
            diarizer=diarizer,
            price=transcriber.price if isinstance(transcriber, PaidTranscriber) else None,
        )
        if diarizer is not None:
            self._speakers = SpeakerEngines(self._engines.scheduler, diarizer)

    async def _load_speakers_alone(self) -> None:
        diarizer: Diarizer = await self._load("diarizer", DIARIZERS, check_diarizer)
        scheduler = Scheduler(None, None, diarizer, self._settings.scheduler)
        self._speakers = SpeakerEngines(scheduler, diarizer)

    def close(self) -> None:
        """Stop the worker threads."""
        if self._scheduler is not None:
            self._scheduler.close()

    async def _load_aligner(self) -> Aligner | None:
        """Load the aligner.

        Where alignment is not explicitly enabled, an aligner that cannot be loaded is no error:
        the transcriber's own word times are good enough.
        """
        try:
            aligner: Aligner | None = await self._load("aligner", ALIGNERS, self._try_aligner)
        except EngineLoadError:
            if self._settings.alignment.enabled:
                raise
            return await self._lazy_aligner()
        return aligner

    async def _lazy_aligner(self) -> Aligner | None:
        """Return an aligner that loads its models on demand and reports why it cannot."""
        alignment = self._settings.alignment.model_copy(update={"preload": ()})
        settings = self._settings.model_copy(update={"alignment": alignment})
        try:
            aligner: Aligner = await _in_thread(load_engine, ALIGNERS, alignment.engine, settings)
        except EngineLoadError:
            return None
        return aligner

    async def _load(
        self,
        role: EngineRole,
        registry: Mapping[str, str],
        check: Callable[[Any], None] | None = None,
    ) -> Any:
        """Load an engine and let it pass its self-test; None where it is disabled."""
        status = self._statuses[role]
        if status.state == "disabled":
            return None
        try:
            engine = await _in_thread(self._load_checked, registry, status.name, check)
        except EngineLoadError as error:
            self._statuses[role] = replace(status, state="failed", error=error.message)
            raise
        self._statuses[role] = _ready(status, engine)
        return engine

    def _load_checked(
        self, registry: Mapping[str, str], name: str, check: Callable[[Any], None] | None
    ) -> Any:
        engine = load_engine(registry, name, self._settings)
        # A test of a server elsewhere would cost money and wait for a worker to start.
        if check is not None and self._settings.asr.self_test and engine.device != ELSEWHERE:
            check(engine)
        return engine

    def _try_aligner(self, aligner: Aligner) -> None:
        """Test the aligner, unless its models do not include the test sentence's language."""
        if LANGUAGE in self._settings.alignment.preload:
            check_aligner(aligner)


async def _in_thread(load: Callable[..., T], *args: Any) -> T:
    """Call a function in a new thread, whose priority the threads of the loaded engine inherit."""
    thread = ThreadPoolExecutor(1, "load", initializer=lower_priority)
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, partial(load, *args))
    finally:
        thread.shutdown(wait=False)


def _unaligned_reason(settings: Settings) -> str:
    """Return why words that would be aligned by default are not; empty where nothing prevents it.

    Alignment that is explicitly enabled and cannot work is an error when the aligner is loaded.
    """
    if not settings.aligns or settings.alignment.enabled or installed("torch"):
        return ""
    return "PyTorch is not installed (extra `gpu`), so words have the transcriber's own times"


def _try_transcriber(transcriber: Transcriber) -> None:
    check_transcriber(transcriber, transcriber.languages)


def _free_bytes() -> int | None:
    found = gpu_info("cuda")
    return None if found is None else found.free_bytes


def _ready(status: EngineStatus, engine: Engine) -> EngineStatus:
    return replace(
        status, name=engine.name, state="ready", device=engine.device, detail=engine.detail
    )
