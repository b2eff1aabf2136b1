"""Settings of the job API, its webhooks and the queue worker."""

from __future__ import annotations

from pydantic import Field, SecretStr

from app.settings.group import Group, config, names


class QueueSettings(Group):
    """Jobs in the shapes of RunPod's queue: `/run`, `/status`, webhooks, the queue worker."""

    max_queued: int = Field(1000, ge=1, validation_alias=names("QUEUE_MAX_JOBS"))
    """Most jobs of `/run` and `/runsync` that wait or run; one more is answered 429, unless its
    caller holds less than a quarter of them: there is room for one quarter more of such."""
    max_kept_mb: int = Field(256, ge=1, validation_alias=names("QUEUE_MAX_KEPT_MB"))
    """Memory in MiB that inputs and outputs of these jobs may hold together. The oldest finished
    ones go first; a job whose input does not fit is answered 429, with the same quarter more for
    others."""
    retention_s: float = Field(1800.0, ge=0, validation_alias=names("QUEUE_RETENTION_S"))
    """Seconds that the output of `/run` can be read after its end."""
    sync_retention_s: float = Field(60.0, ge=0, validation_alias=names("QUEUE_SYNC_RETENTION_S"))
    """Seconds that the output of `/runsync` can be read after its end."""
    execution_timeout_s: float = Field(
        86_400.0, ge=5, validation_alias=names("QUEUE_EXECUTION_TIMEOUT_S")
    )
    """Seconds that a job may run unless its `policy` says otherwise; it ends as timed out."""
    ttl_s: float = Field(86_400.0, ge=10, validation_alias=names("QUEUE_TTL_S"))
    """Seconds from its arrival after which a job is removed unless its `policy` says otherwise."""
    concurrency: int = Field(4, ge=1, le=100, validation_alias=names("QUEUE_CONCURRENCY"))
    """Jobs that a queue worker takes at a time. Below 2 the platform's client waits a second
    between two jobs."""
    max_output_mb: int = Field(20, ge=1, validation_alias=names("QUEUE_MAX_OUTPUT_MB"))
    """Largest output of a job in MiB, which is RunPod's own limit. A larger one is an error."""
    shutdown_s: float = Field(4.0, ge=0, validation_alias=names("QUEUE_SHUTDOWN_S"))
    """Seconds after SIGTERM in which a queue worker's jobs may finish before they end with an
    error. A Spot machine is stopped 5 s after the signal."""
    webhook_secret: SecretStr | None = None
    """Key that webhooks are signed with, `whsec_` and Base64 or any text. Not signed unless set."""
    webhook_attempts: int = Field(6, ge=1, le=20)
    """Attempts to deliver a webhook, each after twice the time of the one before. What none
    delivered is kept for `/api/webhooks/undelivered`."""
    webhook_first_wait_s: float = Field(2.0, gt=0)
    """Seconds between the first two attempts."""
    webhook_timeout_s: float = Field(10.0, gt=0)
    """Seconds that a webhook's server may take for its answer."""

    model_config = config()
