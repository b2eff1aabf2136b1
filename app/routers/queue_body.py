"""The body of `/run` and `/runsync`, and the order that it is."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from app.domain.errors import BadRequestError, RepeatedFieldError
from app.routers.access.api_keys import caller_of, matching_key
from app.routers.access.callers import caller_name
from app.routers.file_links import base_url
from app.settings import QueueSettings
from app.submission.queue.ticket import JobOrder, TicketOwner

_WEEK_MS = 7 * 24 * 3600 * 1000
_MAX_KEY_CHARS = 255


class QueuePolicy(BaseModel):
    """How long a job may take; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    executionTimeout: int | None = Field(  # noqa: N815 - as RunPod's clients send it
        None, ge=5_000, le=_WEEK_MS, description="Longest run, in milliseconds"
    )
    ttl: int | None = Field(
        None, ge=10_000, le=_WEEK_MS, description="Milliseconds from arrival until it is removed"
    )


class QueueBody(BaseModel):
    """Body of ``/run`` and ``/runsync``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    input: dict[str, Any] = Field(description="The job, in any of the envelopes")
    webhook: str | None = Field(None, description="Address that is told of the end")
    policy: QueuePolicy | None = Field(None, description="How long the job may take")
    s3_config: dict[str, Any] | None = Field(
        None,
        validation_alias=AliasChoices("s3Config", "s3_config"),
        description="Object storage of the caller",
        repr=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _require_input(cls, body: object) -> object:
        if not isinstance(body, dict):
            return body
        if not isinstance(body.get("input"), dict):
            raise BadRequestError("input is required and must be an object")
        # RunPod's Python client wraps an input once more where it is empty, or has this one key.
        if set(body["input"]) == {"input"} and isinstance(body["input"]["input"], dict):
            return {**body, "input": body["input"]["input"]}
        return body

    def order(
        self, request: Request, settings: QueueSettings, endpoint: str, *, sync: bool
    ) -> JobOrder:
        """Return the order of a caller.

        Raises:
            BadRequestError: the Idempotency-Key is too long, or sent twice.
        """
        policy = self.policy or QueuePolicy()
        keys = request.headers.getlist("idempotency-key")
        if len(keys) > 1:
            raise RepeatedFieldError("Idempotency-Key")
        idempotency_key = "".join(keys)
        if len(idempotency_key) > _MAX_KEY_CHARS:
            raise BadRequestError(f"Idempotency-Key: at most {_MAX_KEY_CHARS} characters")
        return JobOrder(
            input=self.input,
            endpoint=endpoint,
            owner=owner_of(request),
            execution_timeout_s=(policy.executionTimeout or 0) / 1000
            or settings.execution_timeout_s,
            ttl_s=(policy.ttl or 0) / 1000 or settings.ttl_s,
            retention_s=settings.sync_retention_s if sync else settings.retention_s,
            webhook=self.webhook or None,
            s3_config=self.s3_config,
            base_url=base_url(request),
            idempotency_key=idempotency_key,
        )


def owner_of(request: Request) -> TicketOwner:
    """Return whose job a request hands in."""
    return TicketOwner(caller_name(request), caller_of(request), matching_key(request))
