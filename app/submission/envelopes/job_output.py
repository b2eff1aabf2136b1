"""The output of a job as JSON that every reader can parse."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog

from app.domain.errors import (
    CuestreamError,
    InternalError,
    OutputTooLargeError,
    StoreNotConfiguredError,
)
from app.services.files.result_file import NewFile
from app.submission.envelopes.envelope import Envelope, EnvelopeJob, Payload
from app.submission.file_delivery import file_payload, s3_config

log = structlog.get_logger()

_ERROR_CHARS = 2000
_MOST_LEVELS = 100


async def checked_outputs(
    envelope: Envelope, job: EnvelopeJob, limit_bytes: int
) -> AsyncGenerator[object, None]:
    """Yield a job's output as plain JSON values.

    A defect is logged with its traceback and an id; the error names the id alone.

    Args:
        envelope: of the job.
        job: to work on.
        limit_bytes: of the whole output.

    Raises:
        CuestreamError: the job failed.
        OutputTooLargeError: the output is larger than that.
    """
    size = 0
    try:
        async with aclosing(envelope.outputs(job)) as outputs:
            async for value in outputs:
                plain = plain_json(value)
                size += json_bytes(plain)
                if size > limit_bytes and envelope.answer is not None:
                    plain = await _stored(plain, job, limit_bytes)
                elif size > limit_bytes:
                    raise OutputTooLargeError(limit_bytes)
                yield plain
    except CuestreamError:
        raise
    except Exception as error:
        # A defect: clients get an id that the log has too, and nothing of what it says.
        error_id = uuid.uuid4().hex[:12]
        log.error("job failed by a defect", job_id=job.id, error_id=error_id, exc_info=error)
        raise InternalError(f"Internal server error (internal, id {error_id})") from None


async def _stored(output: object, job: EnvelopeJob, limit_bytes: int) -> object:
    """Store an output that is too large; return ``{"stored_output": link}`` in its place.

    Raises:
        OutputTooLargeError: there is no store that the caller could reach.
        CuestreamError: the store failed.
    """
    files, own = job.services.files, s3_config(job.s3_config)
    try:
        files.check(own, job.base_url)
    except StoreNotConfiguredError:
        raise OutputTooLargeError(limit_bytes) from None
    content = json.dumps(output, ensure_ascii=False, separators=(",", ":")).encode()
    file = NewFile(f"{job.id}.json", content, "application/json", job.holder)
    return {"stored_output": file_payload(await files.deliver(file, own, job.base_url))}


def plain_json(value: object, levels: int = _MOST_LEVELS) -> object:
    """Return a value in the types that JSON has.

    Numbers that JSON cannot write become null, numpy's values Python's, keys texts.

    Raises:
        TypeError: it holds something else, such as bytes.
        ValueError: it is nested too deeply, or in itself.
    """
    if levels == 0:
        raise ValueError("nested too deeply")
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.ndarray | np.generic):
        return plain_json(value.tolist(), levels - 1)
    if isinstance(value, Mapping):
        return {str(key): plain_json(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_json(item, levels - 1) for item in value]
    raise TypeError(f"{type(value).__name__} is no JSON")


def json_bytes(value: object) -> int:
    """Return the size of a plain JSON value in bytes, as it is sent."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


@dataclass(frozen=True, slots=True)
class SettledOutput:
    """An output as a queue shows it.

    Attributes:
        output: None where there is none.
        error: why the job failed; None unless it did.
    """

    output: object
    error: str | None = None


def settled(envelope: Envelope, values: list[Any]) -> SettledOutput:
    """Return the output of a job that has ended.

    One value: its ``error`` ends the job as failed and ``refresh_worker`` is left out. Source: the
    RunPod SDK treats what a handler returns in this way (rp_job.run_job of version 1.12).

    Args:
        envelope: of the job.
        values: that it yielded.
    """
    if envelope.parts is not None:
        return SettledOutput(values)
    (value,) = values
    if not isinstance(value, dict):
        return SettledOutput(value)
    rest: Payload = {k: v for k, v in value.items() if k not in {"error", "refresh_worker"}}
    error = value.get("error")
    return SettledOutput(rest or None, error_text(error) if error else None)


def error_text(error: object) -> str:
    """Return an error as one text of bounded length."""
    text = error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)
    # Halves of characters cannot be sent.
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _ERROR_CHARS else f"{text[:_ERROR_CHARS]}… (truncated)"
