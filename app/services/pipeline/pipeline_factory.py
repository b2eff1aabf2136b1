"""The factory of pipelines: services of the process, engines as they are loaded by then."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.request import JobRequest
from app.services.cache.caches import Caches
from app.services.pipeline.pipeline import Pipeline
from app.services.pipeline.pipeline_run import PipelineServices
from app.services.pipeline.speakers_pipeline import SpeakersPipeline
from app.services.readiness import Readiness
from app.services.sources.opener import MediaOpener
from app.services.translation.llm.ledger import CallerLedgers
from app.settings import Settings
from app.system.workdir import WorkDir


@dataclass(frozen=True, slots=True)
class PipelineFactory:
    """Builds pipelines.

    Attributes:
        readiness: engines and translator, which load in the background.
    """

    settings: Settings
    readiness: Readiness
    opener: MediaOpener
    caches: Caches
    workdir: WorkDir
    ledgers: CallerLedgers

    def build(self, request: JobRequest) -> Pipeline | SpeakersPipeline:
        """Return the pipeline of a request, with the loaded engines.

        Raises:
            NotReadyError: the engines or the translator are not loaded.
            UnavailableOptionError: speakers are wanted, and there is no diarizer.
        """
        if request.speakers_only:
            speakers = self.readiness.engine_manager.speakers
            return SpeakersPipeline(self.opener, self.workdir, speakers)
        engines = self.readiness.engine_manager.engines if self.settings.asr.enabled else None
        services = PipelineServices(
            settings=self.settings,
            opener=self.opener,
            caches=self.caches,
            workdir=self.workdir,
            ledgers=self.ledgers,
            engines=engines,
            translator=self.readiness.translator,
        )
        return Pipeline(services)
