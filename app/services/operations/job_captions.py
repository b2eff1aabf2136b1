"""The cues of subtitle jobs, for operations that show them."""

from __future__ import annotations

from app.domain.errors import InvalidFieldError
from app.services.jobs.runner import JobRunner
from app.services.operations.operation_context import JobCues


async def cues_of_job(runner: JobRunner, job_id: str) -> JobCues:
    """Return the cues of a job, waiting for its end where it still runs.

    Args:
        runner: of the process.
        job_id: id of the job; whoever knows it may read it.

    Raises:
        JobNotFoundError: there is none, or it was removed.
        CuestreamError: the job failed.
        InvalidFieldError: it has no cues.
    """
    job = await runner.get(job_id)
    job.attach()
    try:
        result = await job.wait_for_result()
    finally:
        job.detach(0)
    if not result.cues:
        raise InvalidFieldError("job_id: the job has no cues")
    target = job.request.target.tag if job.request.target else None
    words = [word for segment in result.segments for word in segment.words]
    return JobCues(result.cues, result.language, target, words)
