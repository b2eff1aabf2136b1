"""A queue endpoint of RunPod: a job is handed in, and its status polled to the end.

Source: https://docs.runpod.io/serverless/endpoints/send-requests
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from app.domain.errors import CuestreamError, RemoteEngineError
from app.gpu.calls.call_retry import PassingCallError, repeated
from app.gpu.calls.http_calls import HttpCaller, StatusError
from app.settings import EndpointSettings

_CALL_S = 60.0
"""Time limit of one request: handing in ten megabytes takes longest."""

_FIRST_POLL_S = 0.25
_POLL_FACTOR = 1.3
_LONGEST_POLL_S = 2.0
"""Polls begin fast, for windows that take a second, and slow down, for workers that start."""

_POLL_ATTEMPTS = 6
"""Of one poll: half a minute without an answer."""

_CANCEL_S = 5.0

_WAITING = frozenset({"IN_QUEUE", "IN_PROGRESS", "RUNNING"})

_LEAST_POLICY_MS = 10_000
"""Least ``ttl``; see RunPod's execution policies."""


class QueueEndpoint:
    """Hands each job in at ``/run`` and polls ``/status`` until it has ended.

    Args:
        who: the endpoint, for messages.
        endpoint_id: of the endpoint.
        settings: key, address of the API, time limit, attempts.

    Attributes:
        address: see `WorkerEndpoint`.
    """

    def __init__(self, who: str, endpoint_id: str, settings: EndpointSettings) -> None:
        self.address = f"{settings.runpod_api_url.rstrip('/')}/{endpoint_id}"
        self._who = who
        self._timeout_s = settings.endpoint_timeout_s
        self._attempts = settings.endpoint_attempts
        key = settings.runpod_api_key.get_secret_value() if settings.runpod_api_key else ""
        self._caller = HttpCaller(who, _CALL_S, {"Authorization": f"Bearer {key}"})

    async def call(self, job_input: Mapping[str, object]) -> object:
        """Run one job; see the protocol."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await repeated(self._attempts, lambda: self._once(job_input))
        except TimeoutError:
            raise RemoteEngineError(f"{self._who} took too long") from None

    async def _once(self, job_input: Mapping[str, object]) -> object:
        job_id = await self._hand_in(job_input)
        try:
            return await self._ended(job_id)
        except (asyncio.CancelledError, RemoteEngineError):
            await self._cancel(job_id)
            raise

    async def _hand_in(self, job_input: Mapping[str, object]) -> str:
        limit_ms = max(_LEAST_POLICY_MS, round(self._timeout_s * 1000))
        policy = {"executionTimeout": limit_ms, "ttl": limit_ms}
        body = {"input": dict(job_input), "policy": policy}
        answer = await self._caller.json("POST", f"{self.address}/run", json=body)
        job_id = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(job_id, str) or not _is_plain(job_id):
            raise PassingCallError(f"{self._who} named no job")
        return job_id

    async def _ended(self, job_id: str) -> object:
        """Poll a job to its end and return its output.

        Raises:
            PassingCallError: it failed, timed out or was lost, which a new job may not.
            RemoteEngineError: it was cancelled, or cannot be asked after.
        """
        wait_s = _FIRST_POLL_S
        while True:
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * _POLL_FACTOR, _LONGEST_POLL_S)
            answer = await self._status(job_id)
            status = answer.get("status") if isinstance(answer, dict) else None
            if status in _WAITING:
                continue
            if isinstance(answer, dict) and status == "COMPLETED" and "output" in answer:
                return answer["output"]
            if status == "CANCELLED":
                raise RemoteEngineError(f"{self._who}: the job was cancelled there")
            raise PassingCallError(f"{self._who}: {_ending(status)}")

    async def _status(self, job_id: str) -> object:
        url = f"{self.address}/status/{job_id}"
        try:
            return await repeated(_POLL_ATTEMPTS, lambda: self._caller.json("GET", url))
        except StatusError as error:
            if error.status in {404, 410}:
                raise PassingCallError(f"{self._who} lost the job") from None
            raise

    async def _cancel(self, job_id: str) -> None:
        """Cancel a job whose caller is gone, without waiting long for the answer."""
        url = f"{self.address}/cancel/{job_id}"
        with suppress(PassingCallError, CuestreamError, TimeoutError):
            async with asyncio.timeout(_CANCEL_S):
                await self._caller.json("POST", url, json={})


def _ending(status: object) -> str:
    if status == "TIMED_OUT":
        return "the job timed out there"
    if status == "FAILED":
        return "the job failed there"
    if status == "COMPLETED":
        return "the job ended without output"
    return "an unknown status"


def _is_plain(job_id: str) -> bool:
    """Whether an id may stand in a path."""
    return 0 < len(job_id) <= 200 and all(char.isalnum() or char in "-_" for char in job_id)
