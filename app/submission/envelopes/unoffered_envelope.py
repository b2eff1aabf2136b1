"""Kinds of job input that are recognised and refused."""

from __future__ import annotations

from app.domain.errors import OperationUnavailableError
from app.submission.envelopes.envelope import EnvelopeJob


async def refuse(job: EnvelopeJob) -> object:
    """Refuse a job whose kind this server does not offer.

    Raises:
        OperationUnavailableError: always.
    """
    named = next((key for key in ("operation", "queue", "jobs", "audio") if key in job.input), "")
    raise OperationUnavailableError(f"This server does not offer jobs with {named!r}")
