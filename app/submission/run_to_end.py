"""Running a request to its end, for callers that read nothing but the result."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from app.container import Services
from app.domain.errors import OverloadedError
from app.domain.events import Result
from app.domain.request import JobRequest, UploadedFile
from app.services.jobs.runtime import JobRuntime
from app.submission.submit import submit
from app.system.thread_groups import DISK

_FIRST_WAIT_S = 0.25
_LONGEST_WAIT_S = 30.0
"""Between two tries for a place; each wait is twice the one before, since most places are free
sooner than a refusal promises."""


async def run_to_end(services: Services, request: JobRequest) -> Result:
    """Run a request through the pipeline and return its result; cancelling it stops the job.

    While every place is taken it waits for one.

    Args:
        services: of the process.
        request: of no caller, so that it has no share of the places.

    Raises:
        CuestreamError: the request or its media is bad, or the job failed.
    """

    async def same() -> JobRequest:
        return request

    return await run_made(services, same)


async def run_made(services: Services, make: Callable[[], Awaitable[JobRequest]]) -> Result:
    """Run a request whose file a refusal removes; see `run_to_end`.

    Args:
        services: of the process.
        make: returns the request with its file; called for each try.
    """
    job = await submit_patiently(services, make)
    job.attach()
    try:
        return await job.wait_for_result()
    finally:
        job.detach(0.0)


async def submit_patiently(
    services: Services,
    make: Callable[[], Awaitable[JobRequest]],
    patience_s: float | None = None,
) -> JobRuntime:
    """Submit a request; while every place is taken it waits for one.

    Args:
        services: of the process.
        make: returns the request with its file, which a refusal removes; called for each try.
        patience_s: longest wait; None for any.

    Raises:
        CuestreamError: the request or its media is bad, or the server is full for too long.
    """
    until_s = None if patience_s is None else time.monotonic() + patience_s
    wait_s = _FIRST_WAIT_S
    while True:
        try:
            return await submit(services, await make())
        except OverloadedError as error:
            if until_s is not None and time.monotonic() + wait_s > until_s:
                raise
            await asyncio.sleep(min(error.retry_after_s, wait_s))
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


async def run_file(services: Services, request: JobRequest) -> Result:
    """Run a request with a file as `submit_file_patiently` submits it, and return its result."""
    job = await submit_file_patiently(services, request)
    job.attach()
    try:
        return await job.wait_for_result()
    finally:
        job.detach(0.0)


async def submit_file_patiently(services: Services, request: JobRequest) -> JobRuntime:
    """Submit a request with a file, which is removed; while every place is taken it waits for one.

    Open WebUI sends the parts of a recording side by side and gives all of them up when one is
    refused, so a request waits as long as `sync_place_wait_s` says. The refusal comes before a late
    answer begins, which is 200 by then.

    Raises:
        CuestreamError: the request or its media is bad, or the server is full for too long.
    """
    patience_s = _patience_s(services)
    if not isinstance(request.source, UploadedFile):
        raise TypeError("only requests with a file are submitted here")
    source = request.source

    async def attempt() -> JobRequest:
        """Return the request with another name of its file: a refusal removes that one."""
        link = await DISK.run(services.workdir.new_link, source.path, source.path.suffix)
        return replace(request, source=replace(source, path=link))

    try:
        return await submit_patiently(services, attempt, patience_s)
    finally:
        with suppress(OSError):
            await DISK.run(source.path.unlink, True)


async def run_request(services: Services, request: JobRequest) -> Result:
    """Run a request with any source as `run_file` runs one with a file, and return its result."""
    if isinstance(request.source, UploadedFile):
        return await run_file(services, request)

    async def same() -> JobRequest:
        return request

    job = await submit_patiently(services, same, _patience_s(services))
    job.attach()
    try:
        return await job.wait_for_result()
    finally:
        job.detach(0.0)


def _patience_s(services: Services) -> float:
    server = services.settings.server
    return min(server.sync_place_wait_s, server.sync_keepalive_after_s / 2)
