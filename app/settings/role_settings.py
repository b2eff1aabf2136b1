"""Settings of a worker's role, and of the endpoints that an orchestrator calls."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from app.settings.group import Group, config

Role = Literal["all", "transcription", "diarization", "orchestrator"]


class RoleSettings(Group):
    """The part that a worker has among several."""

    role: Role = "all"
    """What this worker does. `all` is everything in one process. `transcription` loads no diarizer
    and takes speaker turns with its requests (`diarization_segments`); `diarization` loads the
    diarizer alone and answers `audio` requests with speaker turns; `orchestrator` loads no model of
    speech and no GPU library and calls two such workers, see docs/roles.md."""

    model_config = config()


class EndpointSettings(Group):
    """The workers that an orchestrator calls."""

    transcription_endpoint_id: str = ""
    """RunPod queue endpoint that transcribes: workers with ROLE=transcription or ROLE=all."""
    diarization_endpoint_id: str = ""
    """RunPod queue endpoint that tells speakers apart: workers with ROLE=diarization. Without it
    and without DIARIZATION_URL the orchestrator offers no speakers."""
    runpod_api_key: SecretStr | None = None
    """Key for RunPod's API."""
    runpod_api_url: str = "https://api.runpod.ai/v2"
    """Base address of RunPod's API, or of a server with the same routes."""
    transcription_url: str = ""
    """Base address of a Cuestream server that transcribes, called over plain HTTP: a pod, a load
    balancer endpoint. Goes before TRANSCRIPTION_ENDPOINT_ID."""
    diarization_url: str = ""
    """The same for a server with ROLE=diarization; goes before DIARIZATION_ENDPOINT_ID."""
    endpoint_api_key: SecretStr | None = None
    """Key for servers that are called over plain HTTP, sent as `X-API-Key`. Behind a load balancer
    of RunPod RUNPOD_API_KEY is sent beside it."""
    endpoint_concurrency: int = Field(8, ge=1, le=64)
    """Calls at a time, for transcription and for diarization each. With more, RunPod starts more
    workers for one long recording."""
    endpoint_timeout_s: float = Field(1800.0, gt=0)
    """Seconds after which a call is given up and cancelled, its wait for a cold worker included."""
    endpoint_attempts: int = Field(3, ge=1, le=10)
    """How often a call is made that failed, timed out at the endpoint or was lost there."""
    endpoint_max_request_mb: float = Field(10.0, gt=0)
    """Largest request in MiB, base64 included: RunPod takes 10 at `/run`, its load balancer 30. A
    recording that does not fit as it is goes to the diarizer as Opus of a lower bit rate."""
    endpoint_revision: str = ""
    """Any text; change it when the endpoints get other models, so that cached results are not
    reused."""

    model_config = config()


class AudioApiSettings(Group):
    """A transcriber behind OpenAI's audio API, at any address."""

    base_url: str = "https://api.openai.com/v1"
    """Base address: OpenAI, Groq, vLLM, speaches, another Cuestream."""
    api_key: SecretStr | None = None
    """Key for it. At OpenAI's own address `OPENAI_API_KEY` is used unless set; no other server is
    ever sent that one."""
    model: str = "whisper-1"
    """Model at the server, such as `whisper-large-v3-turbo` at Groq."""
    concurrency: int = Field(4, ge=1, le=64)
    """Requests at a time."""
    attempts: int = Field(5, ge=1, le=20)
    """Failures of one request after which it is given up. A `Retry-After` is respected up to two
    minutes."""
    timeout_s: float = Field(300.0, gt=0)
    """Seconds after which one request is given up."""
    max_file_mb: float = Field(25.0, gt=0.05)
    """Largest file that the server takes, in MiB. A longer stretch of speech is cut in its quietest
    places."""
    price_per_minute_usd: float | None = Field(None, ge=0)
    """Price of a minute of audio in US dollars. List prices of OpenAI and Groq are known; a server
    on this machine or in a private network is free."""
    least_billed_s: float | None = Field(None, ge=0)
    """Seconds that a shorter request is billed as. 10 at Groq, else 0, unless set."""

    model_config = config("AUDIO_API_")
