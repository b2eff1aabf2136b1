"""Settings: the only module that reads the environment.

Each group below is one subject. A field's name in capitals, with the group's prefix where it
has one, is its environment variable; further accepted names are its aliases. The text under a
field says its unit, its effect and when to change it.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Mode = Literal["local", "pod", "load_balancer", "queue"]


class Group(BaseSettings):
    """One subject's settings."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
        populate_by_name=True,
        env_ignore_empty=True,
        env_file=".env",
    )


def _config(prefix: str = "") -> SettingsConfigDict:
    return SettingsConfigDict(**{**Group.model_config, "env_prefix": prefix})


def _names(*names: str) -> AliasChoices:
    return AliasChoices(*names)


def _listed(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class ServerSettings(Group):
    """The HTTP server."""

    mode: Mode | None = None
    """Where the server runs. Found by itself from RunPod's variables; set it to override."""
    host: str = "0.0.0.0"  # noqa: S104 - a container's service listens on every interface
    """Address to listen on."""
    port: int | None = None
    """Port of the API. 5001, or 80 behind a RunPod load balancer."""
    port_health: int | None = None
    """Second port that answers the health check alone. Same as PORT unless set."""
    health_check_path: str = "/ping"
    """Path of the health check; `/ping` answers as well."""
    gpus: int = Field(1, ge=1)
    """Worker processes, one for each GPU."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ("*",)
    """Origins that a browser may call from, separated by commas; `*` for all."""
    max_upload_mb: int | None = Field(None, ge=1)
    """Largest upload in MiB. 30 behind a load balancer (the gateway's own limit), else 2048."""
    max_json_mb: int = Field(10, ge=1)
    """Largest body that is not an upload, in MiB."""
    build_date: str = ""
    """Date of the image, for `/api/version`."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severity that is logged. DEBUG shows engine traffic, never keys or transcripts."""
    log_json: bool = False
    """One JSON object a line instead of text for people."""
    shutdown_finish_s: float = Field(1.0, ge=0)
    """After SIGTERM, how long running streams may still finish before they are handed over."""
    load_failure_exit_s: float = Field(30.0, ge=0)
    """How long a server whose engines cannot load keeps answering why, before it exits with 3.
    0 keeps it up for good."""
    sync_keepalive_after_s: float = Field(60.0, gt=0)
    """When a JSON answer is later than this, the response begins and spaces keep it alive."""
    sync_limit_s: float | None = None
    """When a JSON answer is given up. 300 behind a load balancer (it cuts at 330), else never."""

    model_config = _config()

    _split = field_validator("cors_origins", mode="before")(_listed)


class AccessSettings(Group):
    """Who may use the server."""

    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Keys that open the API, separated by commas. None leaves it open to everybody."""

    model_config = _config()

    _split = field_validator("api_keys", mode="before")(_listed)


class JobSettings(Group):
    """Jobs and the streams that follow them."""

    max_jobs: int = Field(32, ge=1)
    """Jobs at a time; one more is answered 429. Each costs about 10 MB while it runs."""
    max_duration_s: int = Field(14_400, ge=1, validation_alias=_names("MAX_DURATION_S"))
    """Longest media in seconds."""
    job_grace_s: float = Field(30.0, ge=0)
    """How long a job goes on after its last reader left, so that a cut stream can resume."""
    job_retention_s: float = Field(900.0, ge=0)
    """How long a finished job can still be read."""
    max_kept_jobs: int = Field(200, ge=0)
    """Finished jobs kept at most; the oldest go first."""
    transcript_cache_windows: int = Field(4096, ge=0)
    """Transcribed windows remembered in memory, so that a repeated job skips them. 0 for none."""
    comment_s: float = Field(10.0, gt=0)
    """A stream that sent nothing for this long sends a comment."""
    heartbeat_s: float = Field(12.0, gt=0)
    """A stream that sent no stage event for this long repeats where the job stands."""
    admission_wait_s: float = Field(1.5, gt=0)
    """How long the answer waits for the media to open, so that bad media gets a status of its
    own instead of an error inside a stream."""

    model_config = _config()


class SourceSettings(Group):
    """Fetching media."""

    allow_private_urls: bool = False
    """Whether private, loopback and link-local addresses may be fetched. For tests and homes."""
    fetch_connect_s: float = Field(10.0, gt=0)
    """Seconds until a connection must stand."""
    fetch_read_s: float = Field(30.0, gt=0)
    """Seconds of silence after which a download is given up."""
    max_download_mb: int = Field(8192, ge=1)
    """Largest download in MiB."""
    cookies_file: Path | None = None
    """Netscape cookie file for yt-dlp."""
    work_dir: Path | None = None
    """Folder for temporary files. The system's own unless set."""

    model_config = _config()


class VadSettings(Group):
    """Finding speech and cutting it into windows."""

    engine: Literal["silero"] = "silero"
    """Voice activity detector."""
    threshold: float = Field(0.5, gt=0, lt=1)
    """Probability from which a frame counts as speech. Lower it when quiet speech is lost."""
    min_silence_ms: int = Field(250, ge=32)
    """Silence that separates two stretches of speech."""
    pad_ms: int = Field(160, ge=0)
    """Audio kept around speech, so that soft beginnings and endings survive."""
    first_window_ms: int = Field(8_000, ge=1000, le=12_000)
    """From this length on, the first window ends at the next silence; at 12 s in any case."""
    window_ms: int = Field(20_000, ge=2000, le=30_000)
    """The same for later windows; they end at 30 s in any case."""
    max_gap_ms: int = Field(3_000, ge=0)
    """A longer silence ends a window."""

    model_config = _config("VAD_")


class AsrSettings(Group):
    """Choosing and feeding the transcriber."""

    engine: Literal["embedded", "pocketsphinx", "whisperx"] = "embedded"
    """Transcriber. `embedded` is pocketsphinx (US English, no download); `whisperx` needs the
    `gpu` extra."""
    device: Literal["auto", "cuda", "cpu"] = "auto"
    """Where models run. `auto` takes the GPU when there is one."""
    lanes: int | None = Field(None, ge=1)
    """Batches at a time. One for a GPU; pocketsphinx takes a process for each, as many as
    there are CPU cores less one, at least one."""
    batch_size: int = Field(16, ge=1)
    """Windows in one batch at most, of any number of requests."""

    model_config = _config("ASR_")


class WhisperSettings(Group):
    """whisperx."""

    model: str = Field("base", validation_alias=_names("WHISPER_MODEL", "WORKER_MODEL_SIZE"))
    """Size name (`tiny` ... `large-v3`, `turbo`), hub id, or local folder in CTranslate2 form."""
    language: str = ""
    """Spoken language when a request does not say; empty to detect it."""
    beam_size: int = Field(5, ge=1, le=20)
    """Beams of the first decoding attempt; later ones sample as many candidates. 1 is about twice
    as fast and slightly less exact."""
    compute_type: str | None = None
    """CTranslate2 precision. float16 on a GPU and int8 on a CPU unless set."""
    no_speech_threshold: float = Field(0.4, ge=0, le=1)
    """A window with a higher no-speech probability and a low log-probability is dropped."""
    logprob_threshold: float = -1.0
    """Mean token log-probability under which a window is decoded again."""
    compression_ratio_threshold: float = Field(2.4, gt=1)
    """gzip ratio of the text above which a window counts as a loop and is decoded again."""
    temperatures: Annotated[tuple[float, ...], NoDecode] = Field(
        (0.0, 0.2, 0.4, 0.6, 0.8, 1.0), min_length=1
    )
    """Sampling temperatures of the attempts, separated by commas."""
    cpu_threads: int = Field(0, ge=0)
    """CTranslate2 threads on a CPU; 0 for its own choice."""

    model_config = _config("WHISPER_")

    @field_validator("temperatures", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _listed(value)


class ModelSettings(Group):
    """Where models come from."""

    hf_token: SecretStr | None = None
    """Hugging Face token for gated models."""
    model_cache_dir: Path | None = None
    """Folder for downloaded models. Hugging Face's own unless set."""
    runpod_cache_dir: Path = Path("/runpod-volume/huggingface-cache/hub")
    """Where RunPod puts an endpoint's cached model; looked into first, without the network."""

    model_config = _config()


class TranslationSettings(Group):
    """Choosing the translator."""

    provider: Literal["embedded", "apertium", "openai"] = Field(
        "embedded", validation_alias=_names("TRANSLATION_PROVIDER", "LLM_PROVIDER")
    )
    """Translator. `embedded` is apertium (English-Spanish, no key); `openai` is any server that
    speaks its chat-completions protocol."""
    server_api_key: SecretStr | None = Field(
        None, validation_alias=_names("SERVER_API_KEY", "OPENAI_API_KEY")
    )
    """Key for the provider."""
    server_api_url: str | None = None
    """Base address of the provider, `https://api.openai.com/v1` unless set."""
    server_model: str = Field(
        "gpt-4o-mini", validation_alias=_names("SERVER_MODEL", "OPENAI_MODEL")
    )
    """Model name at the provider."""
    concurrency: int = Field(
        8, ge=1, validation_alias=_names("TRANSLATION_CONCURRENCY", "OPENAI_CONCURRENT_REQUESTS")
    )
    """Requests to the provider at a time, per job."""
    timeout_s: float = Field(60.0, gt=0, validation_alias=_names("TRANSLATION_TIMEOUT_S"))
    """Seconds of silence after which one request is given up and asked again."""
    attempts: int = Field(4, ge=1, validation_alias=_names("TRANSLATION_ATTEMPTS"))
    """Requests for the same lines before the job fails."""

    model_config = _config()


class Settings(BaseModel):
    """All settings, one group a subject."""

    model_config = ConfigDict(frozen=True)

    server: ServerSettings = Field(default_factory=ServerSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    jobs: JobSettings = Field(default_factory=JobSettings)
    sources: SourceSettings = Field(default_factory=SourceSettings)
    vad: VadSettings = Field(default_factory=VadSettings)
    asr: AsrSettings = Field(default_factory=AsrSettings)
    whisper: WhisperSettings = Field(default_factory=WhisperSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    translation: TranslationSettings = Field(default_factory=TranslationSettings)

    @cached_property
    def mode(self) -> Mode:
        """Where the server runs: as set, else as RunPod's own variables tell."""
        if self.server.mode:
            return self.server.mode
        if "RUNPOD_WEBHOOK_GET_JOB" in os.environ:
            return "queue"
        if "RUNPOD_ENDPOINT_ID" in os.environ:
            return "load_balancer"
        if "RUNPOD_POD_ID" in os.environ:
            return "pod"
        return "local"

    @property
    def port(self) -> int:
        """Port of the API."""
        return self.server.port or (80 if self.mode == "load_balancer" else 5001)

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload."""
        default_mb = 30 if self.mode == "load_balancer" else 2048
        return (self.server.max_upload_mb or default_mb) * 2**20

    @property
    def sync_limit_s(self) -> float | None:
        """When a JSON answer is given up; None for never."""
        if self.server.sync_limit_s is not None:
            return self.server.sync_limit_s
        return 300.0 if self.mode == "load_balancer" else None


def child_environment() -> dict[str, str]:
    """Return the environment for a child process: ours without secrets."""
    secret = ("KEY", "TOKEN", "SECRET", "PASSWORD")
    return {k: v for k, v in os.environ.items() if not any(word in k.upper() for word in secret)}


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may see, numbers or UUIDs; empty where it may see all."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return [gpu.strip() for gpu in listed if gpu.strip()]


def see_one_gpu(index: int) -> None:
    """Let this process and its children see one GPU alone; call it before CUDA is loaded.

    Args:
        index: counts among the GPUs that the process may see so far.
    """
    visible = visible_gpus()
    chosen = visible[index : index + 1] if visible else [str(index)]
    os.environ["CUDA_VISIBLE_DEVICES"] = "".join(chosen)
