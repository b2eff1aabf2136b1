"""Where a viewer says that he watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.domain.errors import InvalidFieldError
from app.domain.time import seconds_to_ms
from app.routers.error_responses import describe
from app.services.jobs.record import Job

_MAX_S = 10**6
"""Eleven days: longer than any recording."""


class PositionBody(BaseModel):
    """Body of `/api/jobs/{job_id}/position`; keys that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True)

    position_s: float = Field(ge=0, le=_MAX_S, description="Where the viewer watches, in seconds")


class Moved(BaseModel):
    """Answer of `/api/jobs/{job_id}/position`."""

    job_id: str
    position_s: float = Field(description="Where the viewer watches")
    state: Literal["running", "done", "failed"] = Field(description="Of the job")
    covered: bool = Field(description="Whether the cues of that place are there already")


POSITION_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": PositionBody.model_json_schema()}},
    }
}


def position_of(fields: Mapping[str, object]) -> int:
    """Return the position that a body names, in milliseconds.

    Raises:
        InvalidFieldError: there is none, or it is no place in a recording.
    """
    try:
        return seconds_to_ms(PositionBody.model_validate(fields).position_s)
    except ValidationError as error:
        raise InvalidFieldError(describe(error.errors(include_url=False))) from None


def moved(job: Job, position_ms: int) -> Moved:
    """Return what a client learns once it has said where its viewer is."""
    state: Literal["running", "done", "failed"] = "running"
    if not job.running:
        state = "failed" if job.result is None else "done"
    return Moved(
        job_id=job.id,
        position_s=position_ms / 1000,
        state=state,
        covered=state == "done" or job.playback.shown.covers(position_ms),
    )
