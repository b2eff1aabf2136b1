"""Dependencies that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from app.container import Services
from app.domain.errors import DrainingError, JobNotFoundError, NotReadyError
from app.routers.raised_errors import raises
from app.services.jobs.runtime import JobRuntime
from app.submission.queue.job_queue import JobQueue


def services_of(request: HTTPConnection) -> Services:
    """Return the application's services."""
    services: Services = request.app.state.services
    return services


async def _services(request: HTTPConnection) -> Services:
    """See `services_of`; FastAPI calls a function that is not asynchronous in a thread."""
    return services_of(request)


ServicesDep = Annotated[Services, Depends(_services)]


@raises(NotReadyError, DrainingError)
async def require_admission(request: Request) -> None:
    """Refuse new work that this server cannot begin.

    Raises:
        NotReadyError: the engines could not be loaded.
        DrainingError: the server is shutting down.
    """
    services_of(request).readiness.admit()


@raises(JobNotFoundError)
async def _job(job_id: str, request: Request, services: ServicesDep) -> JobRuntime:
    queue: JobQueue = request.app.state.queue
    return await services.runner.get(queue.subtitle_job(job_id))


JobDep = Annotated[JobRuntime, Depends(_job)]
"""The job that the path names; `JobNotFoundError` where this worker has none of that id."""
