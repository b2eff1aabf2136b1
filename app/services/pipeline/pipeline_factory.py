"""The factory of pipelines: services of the process, engines as they are loaded by then."""

from __future__ import annotations

from dataclasses import dataclass

from app.services.cache.caches import Caches
from app.services.pipeline.pipeline import Pipeline
from app.services.pipeline.pipeline_run import PipelineServices
from app.services.readiness import Readiness
from app.services.sources.opener import MediaOpener
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

    def build(self) -> Pipeline:
        """Return a pipeline with the loaded engines.

        Raises:
            NotReadyError: the engines or the translator are not loaded.
        """
        engines = self.readiness.engine_manager.engines if self.settings.asr.enabled else None
        translator = self.readiness.translator
        return Pipeline(
            PipelineServices(
                self.settings, self.opener, self.caches, self.workdir, engines, translator
            )
        )
