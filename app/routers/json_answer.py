"""A job's result as one JSON response."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from app.container import Services
from app.domain.events import Result
from app.routers.encoders import Payload
from app.routers.error_shapes import HttpError
from app.routers.job_answer import JobAnswer
from app.routers.late_body import KEEPALIVE_S, json_error
from app.routers.sliced_json import sliced_json
from app.services.jobs.runtime import JobRuntime


class JsonAnswer(JobAnswer):
    """The result as JSON. A late answer begins with spaces, which JSON allows before a value.

    An error of a late answer shows in the body alone.

    Args:
        services: as in the base class.
        job: as in the base class.
        encode: makes the body's payload.
        patience_s: as in the base class.
    """

    media_type = "application/json"
    filler = b" "
    filler_interval_s = KEEPALIVE_S

    def __init__(
        self,
        services: Services,
        job: JobRuntime,
        encode: Callable[[Result], Awaitable[Payload]],
        patience_s: float | None = None,
    ) -> None:
        super().__init__(services, job, patience_s)
        self._encode = encode

    async def body(self, result: Result) -> bytes:
        """See the base class."""
        return await sliced_json(await self._encode(result))

    async def late_error(self, error: HttpError, path: str) -> AsyncIterator[bytes]:
        """See the base class."""
        yield json_error(error, path)
