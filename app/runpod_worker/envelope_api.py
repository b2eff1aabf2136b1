"""The SDK's local server, with the same choice of handler as the loop that takes jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from runpod.serverless.modules.rp_fastapi import (
    DefaultRequest,
    Job,
    JobOutput,
    WorkerAPI,
)

from app.runpod_worker.envelope_scaler import HOST
from app.runpod_worker.worker_host import WorkerHost


class EnvelopeApi(WorkerAPI):  # type: ignore[misc]
    """The local server of ``--rp_serve_api``.

    Its own way with streaming handlers takes errors for output, and answers 500 to exceptions.
    So jobs are handled as by a plain handler, but where they are streamed.

    Args:
        config: of ``runpod.serverless.start``, with the `WorkerHost` under `HOST`.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        host: WorkerHost = config[HOST]
        self._plain = WorkerAPI({**config, "handler": host.whole})
        super().__init__(config)

        @asynccontextmanager
        async def lifespan(_: object) -> AsyncIterator[None]:
            await host.open()
            try:
                yield
            finally:
                await host.close()

        self.rp_app.router.lifespan_context = lifespan

    async def _realtime(self, job: Job) -> Any:
        return await self._plain._realtime(job)

    async def _sim_runsync(self, job_request: DefaultRequest) -> JobOutput:
        return await self._plain._sim_runsync(job_request)

    async def _sim_status(self, job_id: str) -> JobOutput:
        return await self._plain._sim_status(job_id)
