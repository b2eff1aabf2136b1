"""Settings of the scheduler."""

from __future__ import annotations

from pydantic import Field

from app.settings.group import Group, config


class SchedulerSettings(Group):
    """The queue ahead of the device."""

    viewer_wait_s: float = Field(20.0, gt=0)
    """Longest predicted wait for the first window of a job with a viewer, in seconds; a job that
    would wait longer is answered 429 with `Retry-After`."""
    batch_wait_s: float = Field(1800.0, gt=0)
    """The same for a job without a viewer."""
    promote_s: float = Field(30.0, gt=0)
    """Seconds of waiting that raise a work item by one priority class, never above the windows that
    viewers are about to see. Lower it when background jobs must not be late."""
    first_batch: int = Field(8, ge=1)
    """Most windows in a batch that holds a viewer's first window. More windows make a batch
    longer, fewer make first windows wait for one another."""
    prepare_threads: int = Field(2, ge=1)
    """Threads that compute spectrograms while the device decodes."""
    max_queued: int = Field(4096, ge=1)
    """Most work items that wait at a time; a window takes up to 4 MB. Each job has about 50 at
    most."""
    stall_s: float = Field(600.0, gt=0)
    """Seconds after which a call of an engine that has not returned makes the health check fail."""

    model_config = config("SCHEDULER_")
