"""Jobs of films that still arrive: begun early, shared by equal films, held while all is taken."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from app.container import Services
from app.domain.errors import (
    BusyError,
    CuestreamError,
    JobCancelledError,
    JobInterruptedError,
    RateLimitedError,
)
from app.domain.events import Result
from app.domain.request import ArrivingFile, JobRequest, Source, UploadedFile
from app.services.jobs.runtime import JobRuntime
from app.services.uploads.arriving_files import ArrivingUpload
from app.submission.asr_wish import AsrWish
from app.submission.run_to_end import run_made
from app.submission.spoken_head import HeardPart, film_language
from app.submission.submit import submit
from app.system.thread_groups import DISK
from app.system.workdir import second_name, storage_errors

_HEAD_BYTES = 2**16
"""What tells films apart before all of them is there, beside their length: 2 s of samples."""

_LEADER_WAIT_S = 60.0
"""How long a film that is there waits for an equal one that began earlier and comes slowly."""

_LONGEST_HOLD_S = 30.0

_HEADS_AT_A_TIME = 4
"""Films whose first speech is looked for at a time; the others wait."""

MakeRequest = Callable[[Source], JobRequest]
"""Returns the request of a film, once the engines are known; raises what is wrong with it."""


@dataclass(slots=True, eq=False)
class _Leader:
    """A film whose job has begun before the film was there."""

    key: str
    upload: ArrivingUpload
    job: JobRuntime | None = None
    begun: asyncio.Event = field(default_factory=asyncio.Event)


class FilmJobs:
    """Results of films that arrive at this process.

    The first of equal films leads: its job works while it arrives. Films of the same length and
    beginning wait for it and share the job if all of their bytes turn out to be the same.

    Args:
        services: of the process.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._leaders: dict[str, _Leader] = {}
        self._heads = asyncio.Semaphore(_HEADS_AT_A_TIME)

    async def language(self, film: Path, part: HeardPart, wish: AsrWish) -> dict[str, object]:
        """Return the language of a film that is there; see `film_language`."""
        await self._hold(wish.holder)
        return await film_language(self._services, film, part, wish, self._heads)

    async def result(
        self,
        upload: ArrivingUpload,
        received: asyncio.Future[str],
        make: MakeRequest,
        holder: str,
        *,
        is_stream: bool,
    ) -> Result:
        """Return the result of a film; waits for places and limits instead of a refusal.

        Args:
            upload: on its way.
            received: done once all of it is there, or broke off.
            make: makes its request.
            holder: whose request limit counts.
            is_stream: whether it can be decoded as it arrives.

        Raises:
            CuestreamError: the film or the request is bad, or the job failed.
        """
        may_begin = is_stream and self._services.readiness.loaded and await self._counts(holder)
        leading = asyncio.create_task(self._lead(upload, make)) if may_begin else None
        leader = None
        try:
            await received
            leader = await leading if leading is not None else None
            if not may_begin:
                await self._hold(holder)
            return await self._shared(upload, leader) or await self._own(upload, make)
        finally:
            if leading is not None:
                leading.cancel()
                # No await here: a client who leaves cancels this, and the job would go on.
                leading.add_done_callback(partial(self._led, upload))

    async def _lead(self, upload: ArrivingUpload, make: MakeRequest) -> _Leader | None:
        """Return the leader that a film is or follows; None where it came at once."""
        await upload.wait_for(_HEAD_BYTES)
        if upload.ended:
            return None
        key = await self._key(upload, make)
        leader = self._leaders.get(key)
        if leader is None:
            leader = self._leaders[key] = _Leader(key, upload)
            try:
                await self._begin(leader, make)
            except BaseException:
                self._forget(leader)
                raise
            finally:
                leader.begun.set()
        else:
            await leader.begun.wait()
            if leader.job is not None:
                leader.job.attach()
        return leader

    async def _key(self, upload: ArrivingUpload, make: MakeRequest) -> str:
        head = await DISK.run(_head, upload.path)
        request = make(ArrivingFile(""))
        told = f"{request.key} {request.holder} {upload.length} ".encode()
        return hashlib.sha256(told + head).hexdigest()

    async def _begin(self, leader: _Leader, make: MakeRequest) -> None:
        upload = leader.upload
        self._services.opener.arriving.add(upload)
        try:
            job = await submit(self._services, make(ArrivingFile(upload.id)))
        except CuestreamError:
            return  # it may be of its moment; the whole film is tried again
        job.attach()
        leader.job = job

    async def _shared(self, upload: ArrivingUpload, leader: _Leader | None) -> Result | None:
        """Return the result of the leader's job; None where it is of no use."""
        if leader is None or leader.job is None:
            return None
        if leader.upload is not upload:
            try:
                async with asyncio.timeout(_LEADER_WAIT_S):
                    await leader.upload.wait_until_ended()
            except TimeoutError:
                return None
            if leader.upload.sha256 != upload.sha256:
                return None
        try:
            return await leader.job.wait_for_result()
        except (BusyError, JobCancelledError, JobInterruptedError):
            return None

    async def _own(self, upload: ArrivingUpload, make: MakeRequest) -> Result:
        """Return the result of a film that is there; equal ones share their job."""
        services = self._services
        await services.readiness.wait()

        async def request() -> JobRequest:
            path = services.workdir.new_file(upload.path.suffix)
            try:
                with storage_errors():
                    await DISK.run(second_name, upload.path, path)
                return make(UploadedFile(path, upload.sha256 or ""))
            except BaseException:
                path.unlink(missing_ok=True)
                raise

        return await run_made(services, request)

    def _led(self, upload: ArrivingUpload, leading: asyncio.Task[_Leader | None]) -> None:
        if not leading.cancelled() and leading.exception() is None:
            self._leave(upload, leading.result())

    def _leave(self, upload: ArrivingUpload, leader: _Leader | None) -> None:
        if leader is None:
            return
        if leader.upload is upload:
            self._forget(leader)
        if leader.job is not None:
            leader.job.detach(0.0)

    def _forget(self, leader: _Leader) -> None:
        if self._leaders.get(leader.key) is leader:
            del self._leaders[leader.key]
        self._services.opener.arriving.remove(leader.upload)

    async def _counts(self, holder: str) -> bool:
        try:
            await self._services.rate_limits.count("process", holder)
        except RateLimitedError:
            return False
        return True

    async def _hold(self, holder: str) -> None:
        """Wait until the caller may ask again: a refusal would make Bazarr stay away for a day."""
        while True:
            try:
                await self._services.rate_limits.count("process", holder)
                return
            except RateLimitedError as error:
                await asyncio.sleep(min(error.retry_after_s, _LONGEST_HOLD_S))


def _head(path: Path) -> bytes:
    with storage_errors(), path.open("rb") as file:
        return file.read(_HEAD_BYTES)
