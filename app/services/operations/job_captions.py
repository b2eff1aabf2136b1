"""The cues of subtitle jobs, for operations that show them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from app.domain.errors import InvalidFieldError, OverloadedError
from app.domain.events import Progress
from app.domain.request import JobRequest
from app.services.jobs.runner import JobRunner
from app.services.jobs.stored_edits import cues_with_edits, decode_edits
from app.services.operations.operation_context import JobCues

_LONGEST_WAIT_S = 30.0


async def cues_of_job(runner: JobRunner, job_id: str, editor: str | None = None) -> JobCues:
    """Return the cues of a job, waiting for its end where it still runs.

    Args:
        runner: of the process.
        job_id: id of the job; whoever knows it may read it.
        editor: whose edits take the place of the job's own cues, where there are any; empty where
            no key is needed, and None for the job's own cues. Edited text has no words with times.

    Raises:
        JobNotFoundError: there is none, or it was removed.
        CuestreamError: the job failed.
        InvalidFieldError: it has no cues.
        StorageError: the edits cannot be read.
    """
    job = await runner.get(job_id)
    job.attach()
    try:
        result = await job.wait_for_result()
    finally:
        job.detach(0)
    target = job.request.target.tag if job.request.target else None
    content = None if editor is None else (await runner.edits(job.id, editor)).content
    if content is not None:
        cues = cues_with_edits(decode_edits(content), result.cues, result.language)
        if not cues:
            raise InvalidFieldError("job_id: the edited job has no cues")
        return JobCues(cues, result.language, target, notices=result.notices)
    if not result.cues:
        raise InvalidFieldError("job_id: the job has no cues")
    words = [word for segment in result.segments for word in segment.words]
    return JobCues(result.cues, result.language, target, words, result.notices)


async def cues_of_request(
    runner: JobRunner,
    make: Callable[[], Awaitable[JobRequest]],
    tell: Callable[[Progress], None],
) -> JobCues:
    """Run a request for subtitles and return its cues; cancelling it stops the job.

    While every place is taken it waits for one.

    Args:
        runner: of the process.
        make: returns the request; called for each try, since a refused one loses its upload.
        tell: takes the job's progress.

    Raises:
        CuestreamError: the request or its media is bad, or the job failed.
    """
    while True:
        try:
            job = await runner.submit(await make())
            break
        except OverloadedError as error:
            await asyncio.sleep(min(error.retry_after_s, _LONGEST_WAIT_S))
    seen = 0

    def read() -> None:
        nonlocal seen
        for number, event in job.log.after(seen):
            seen = number
            if isinstance(event, Progress):
                tell(event)

    stop = job.log.listen(read)
    try:
        return await cues_of_job(runner, job.id)
    finally:
        stop()
