"""Our side: the server's pipeline in this process, with its engines and its default settings."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import NoSpeechError
from app.domain.events import Result
from app.domain.language import known_language
from app.domain.request import JobRequest, UploadedFile
from app.gpu.loaded_engines import Engines
from app.gpu.work_context import WorkContext
from app.services.cache.caches import no_caches
from app.services.pipeline.pipeline import Pipeline
from app.services.pipeline.pipeline_run import PipelineServices
from app.services.playback.playback import Playback
from app.services.sources.opener import MediaOpener
from app.services.translation.llm.ledger import CallerLedgers
from app.services.translation.llm.model_catalog import Prices
from app.services.translation.translator_registry import build_translator
from app.settings import AlignmentSettings, AsrSettings, JobSettings, Settings, WhisperSettings
from app.system.workdir import WorkDir
from bench.peers import THREADS
from bench.recognition import Recognition, TimedText
from bench.whisper import engines


@dataclass(frozen=True, slots=True)
class Product:
    """The pipeline with loaded engines."""

    ours: Engines
    settings: Settings
    workdir: WorkDir

    async def recognize(self, media: Path, language: str | None) -> Recognition:
        """Return cues and words of a file; none where there is no speech.

        Args:
            media: the file.
            language: base tag; None to detect it.
        """
        try:
            result = await self._run(media, language)
        except NoSpeechError:
            return Recognition("")
        spoken = known_language(result.language)
        lines = tuple(TimedText(cue.text, cue.span) for cue in result.cues)
        words = tuple(
            TimedText(word.text, word.span) for segment in result.segments for word in segment.words
        )
        return Recognition(spoken.base if spoken else "", lines, words)

    async def _run(self, media: Path, language: str | None) -> Result:
        caches = no_caches(self.settings)
        opener = MediaOpener(self.settings, self.workdir, caches)
        ledgers = CallerLedgers(None, Prices())
        translator = build_translator(self.settings)
        services = PipelineServices(
            self.settings, opener, caches, self.workdir, ledgers, self.ours, translator
        )
        spoken = known_language(language) if language else None
        request = JobRequest(UploadedFile(media, sha256=""), spoken=spoken)
        return await Pipeline(services).run(request, Playback(WorkContext("bench")), lambda _: None)


@asynccontextmanager
async def product(model: Path) -> AsyncIterator[Product]:
    """Load our engines on a checkpoint.

    Settings are a user's defaults, but for the checkpoint's folder, the peers' number of threads,
    no exact word times (which are a model of their own), and no memory of windows.
    """
    settings = Settings(
        asr=AsrSettings(engine="whisperx", device="cpu"),
        whisper=WhisperSettings(model=str(model), cpu_threads=THREADS),
        alignment=AlignmentSettings(enabled=False),
        jobs=JobSettings(transcript_cache_windows=0),
    )
    with tempfile.TemporaryDirectory() as folder:
        async with engines(settings) as ours:
            with WorkDir.open(Path(folder)) as workdir:
                yield Product(ours, settings, workdir)
