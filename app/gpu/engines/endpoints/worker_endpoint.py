"""Endpoints: a worker elsewhere that takes a job's input and returns its output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

from pydantic import SecretStr

from app.domain.errors import EngineLoadError
from app.gpu.engines.endpoints.http_endpoint import HttpEndpoint
from app.gpu.engines.endpoints.queue_endpoint import QueueEndpoint
from app.settings import EndpointSettings

JobInput = Mapping[str, object]

Part = Literal["transcription", "diarization"]


class WorkerEndpoint(Protocol):
    """A worker elsewhere.

    Attributes:
        address: for cache keys; holds no key.
    """

    address: str

    async def call(self, job_input: JobInput) -> object:
        """Run one job to its end, on the loop of its engine.

        A call that is cancelled cancels the job.

        Raises:
            RemoteEngineError: every attempt failed, or another will not help.
        """
        ...


def endpoint_for(part: Part, settings: EndpointSettings) -> WorkerEndpoint:
    """Return the endpoint that the settings name.

    Raises:
        EngineLoadError: they name none, or no key for it.
    """
    transcribing = part == "transcription"
    url = settings.transcription_url if transcribing else settings.diarization_url
    queue = settings.transcription_endpoint_id if transcribing else settings.diarization_endpoint_id
    name = part.upper()
    if url:
        if not url.startswith(("http://", "https://")):
            raise EngineLoadError(f"{name}_URL is no http or https address")
        return HttpEndpoint(f"The {part} server", url.rstrip("/"), settings)
    if not queue:
        raise EngineLoadError(f"Set {name}_ENDPOINT_ID or {name}_URL: this worker calls that one")
    if _secret(settings.runpod_api_key) is None:
        raise EngineLoadError(f"RUNPOD_API_KEY is unset, which {name}_ENDPOINT_ID needs")
    return QueueEndpoint(f"The {part} endpoint", queue, settings)


def _secret(key: SecretStr | None) -> str | None:
    return key.get_secret_value() if key is not None and key.get_secret_value() else None
