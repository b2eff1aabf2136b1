"""An endpoint over plain HTTP: a pod, a load balancer, any Cuestream server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.domain.errors import RemoteEngineError
from app.gpu.calls.call_retry import PassingCallError, repeated
from app.gpu.calls.http_calls import HttpCaller
from app.settings import EndpointSettings

_LOAD_BALANCER = ".api.runpod.ai"


class HttpEndpoint:
    """Posts each job's input to ``/api/process``; the answer is its output.

    A job whose caller hangs up is cancelled by the server itself.

    Args:
        who: the server, for messages.
        url: base address, without a slash at its end.
        settings: keys, time limit, attempts.

    Attributes:
        address: see `WorkerEndpoint`.
    """

    def __init__(self, who: str, url: str, settings: EndpointSettings) -> None:
        self.address = _without_credentials(url)
        self._who = who
        self._url = f"{url}/api/process"
        self._timeout_s = settings.endpoint_timeout_s
        self._attempts = settings.endpoint_attempts
        self._caller = HttpCaller(who, settings.endpoint_timeout_s, _headers(url, settings))

    async def call(self, job_input: Mapping[str, object]) -> object:
        """Run one job; see the protocol."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await repeated(self._attempts, lambda: self._once(job_input))
        except TimeoutError:
            raise RemoteEngineError(f"{self._who} took too long") from None

    async def _once(self, job_input: Mapping[str, object]) -> object:
        answer = await self._caller.json("POST", self._url, json={"input": dict(job_input)})
        if isinstance(answer, dict) and isinstance(answer.get("error"), str):
            # A late answer has status 200 whatever happened.
            if answer.get("retryable") is True:
                raise PassingCallError(f"{self._who} failed")
            raise RemoteEngineError(f"{self._who} could not do the work")
        return answer


def _headers(url: str, settings: EndpointSettings) -> dict[str, str]:
    headers: dict[str, str] = {"Accept": "application/json"}
    if settings.endpoint_api_key is not None:
        headers["X-API-Key"] = settings.endpoint_api_key.get_secret_value()
    host = urlsplit(url).hostname or ""
    if settings.runpod_api_key is not None and host.endswith(_LOAD_BALANCER):
        headers["Authorization"] = f"Bearer {settings.runpod_api_key.get_secret_value()}"
    return headers


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
