"""Settings of the HTTP server and of who may use it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from app.settings.group import Group, config, listed

Mode = Literal["local", "pod", "load_balancer", "queue"]


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

    model_config = config()

    _split = field_validator("cors_origins", mode="before")(listed)


class AccessSettings(Group):
    """Who may use the server."""

    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Keys that open the API, separated by commas. None leaves it open to everybody."""

    model_config = config()

    _split = field_validator("api_keys", mode="before")(listed)
