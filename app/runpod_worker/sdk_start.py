"""The start of RunPod's SDK with our handler."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import runpod
from runpod.serverless.modules import rp_fastapi, rp_scale

from app.logs import configure_logs
from app.runpod_worker.envelope_api import EnvelopeApi
from app.runpod_worker.envelope_scaler import HOST, EnvelopeScaler
from app.runpod_worker.worker_host import WorkerHost
from app.settings import Settings


def start_worker(settings: Settings) -> None:
    """Take jobs from RunPod's queue, or do what the SDK's own arguments say.

    The handler is a generator, so that the output comes in parts. Two classes of the SDK are
    replaced by ours, which it has no parameter for: docs/decisions/0092 says why.

    Args:
        settings: of the process.
    """
    configure_logs(settings.server)
    host = WorkerHost(_without_store(settings))
    rp_scale.JobScaler = EnvelopeScaler
    rp_fastapi.WorkerAPI = EnvelopeApi
    runpod.serverless.start(
        {
            "handler": _once(host) if _is_trial(settings) else handler_of(host),
            "concurrency_modifier": lambda _: settings.queue.concurrency,
            "return_aggregate_stream": True,
            HOST: host,
        }
    )


def _without_store(settings: Settings) -> Settings:
    """Return settings whose jobs end with the process: the platform hands out lost ones again."""
    store = settings.job_store
    if store.job_store is not None:
        return settings
    in_memory = store.model_copy(update={"job_store": "memory"})
    return settings.model_copy(update={"job_store": in_memory})


def handler_of(host: WorkerHost) -> Any:
    """Return the handler: an asynchronous generator function, by which the SDK tells it streams."""

    async def handler(job: Mapping[str, Any]) -> AsyncGenerator[object, None]:
        async with aclosing(host.parts(job)) as parts:
            async for part in parts:
                yield part

    return handler


def _once(host: WorkerHost) -> Any:
    """Return a plain handler for one job, since a trial does not run generators."""

    async def handler(job: Mapping[str, Any]) -> object:
        try:
            return await host.whole(job)
        finally:
            await host.close()

    return handler


def _is_trial(settings: Settings) -> bool:
    """Whether the SDK runs one job and exits: by ``--test_input``, or a file of that name."""
    arguments = sys.argv[1:]
    if any(each.startswith("--test_input") for each in arguments):
        return True
    served = settings.mode == "queue" or any(each == "--rp_serve_api" for each in arguments)
    return not served and Path("test_input.json").is_file()
