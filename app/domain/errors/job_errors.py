"""Errors of jobs: edits of their cues, and jobs that ended without a result."""

from __future__ import annotations

from app.domain.errors.cuestream_error import CuestreamError


class EditError(CuestreamError):
    """Edits of a job's cues are not stored as they were sent."""

    code = "edit_failed"


class EditsChangedError(EditError):
    """Others were stored since the sender read them, perhaps by another tab.

    Attributes:
        version: of what is stored.
    """

    code = "edits_changed"

    def __init__(self, version: int) -> None:
        super().__init__("The edits were changed meanwhile: read them again")
        self.version = version


class EditsUnconditionalError(EditError):
    """The sender does not say which edits he has read, so others' might be lost."""

    code = "if_match_required"


class JobUnfinishedError(EditError):
    """The cues of a job that runs still change, and one that failed has none."""

    code = "job_unfinished"


class QueueError(CuestreamError):
    """Nobody works on the job any more."""

    code = "queue_failed"


class VideoFailedError(QueueError):
    """A job for a video failed, or did not end in time."""

    code = "video_failed"


class JobInterruptedError(QueueError):
    """Its worker died, and it cannot go on elsewhere."""

    code = "job_interrupted"
    retryable = True


class JobExpiredError(QueueError):
    """It waited in the queue longer than it was to."""

    code = "job_expired"
    retryable = True


class ExecutionTimeoutError(QueueError):
    """It ran longer than it was to."""

    code = "execution_timeout"


class JobCancelledError(CuestreamError):
    """Every reader left."""

    code = "cancelled"
    retryable = True
