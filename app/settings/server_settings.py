"""Settings of the HTTP server."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from app.settings.group import Group, config, listed, names

Mode = Literal["local", "pod", "load_balancer", "queue"]


class ServerSettings(Group):
    """The HTTP server."""

    mode: Mode | None = None
    """Where the server runs. Detected from RunPod's variables; set it to override."""
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
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("*",), validation_alias=names("CORS_ORIGINS", "CORS_ALLOW_ORIGINS", "ALLOWED_ORIGIN")
    )
    """Origins that a browser may call from, separated by commas; `*` for all."""
    max_upload_mb: int | None = Field(None, ge=1)
    """Largest upload in MiB. 30 behind a load balancer (the gateway's own limit), else 2048."""
    max_json_mb: int = Field(10, ge=1)
    """Largest body that is not an upload, in MiB."""
    max_connections: int = Field(1000, ge=16)
    """Connections of one worker; above, idle ones are closed, then others than health checks get
    503. One address gets half of them at most unless it is a trusted proxy's."""
    docs_open: bool = False
    """Whether `/docs`, `/redoc` and `/openapi.json` want no key even where API_KEYS is set."""
    build_date: str = ""
    """Date of the image, for `/api/version`."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lowest severity that is logged. DEBUG shows engine traffic, never keys or transcripts."""
    log_json: bool = False
    """Whether logs are JSON, an object a line, instead of text."""
    shutdown_finish_s: float = Field(1.0, ge=0)
    """Seconds after SIGTERM in which running streams may finish before they end with
    `server_shutdown`."""
    load_failure_exit_s: float = Field(30.0, ge=0)
    """Seconds that a server whose engines cannot load still answers with the reason before it exits
    with 3. 0 for no exit."""
    sync_keepalive_after_s: float = Field(40.0, gt=0)
    """Seconds after which a JSON answer that is still missing begins with spaces, so that gateways
    do not close the connection: nginx does after 60 s unless told otherwise."""
    sync_place_wait_s: float = Field(20.0, ge=0)
    """Seconds that a file sent to OpenAI's API waits for a place before it is refused with 429; at
    most half of SYNC_KEEPALIVE_AFTER_S, since a late answer can be refused no more. 0 to refuse it
    at once."""
    sync_limit_s: float | None = None
    """Seconds after which a JSON answer fails with `timed_out`. 300 behind a load balancer (which
    cuts at 330), else none."""

    model_config = config()

    _split = field_validator("cors_origins", mode="before")(listed)


class AccessSettings(Group):
    """Access to the server."""

    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (), validation_alias=names("API_KEYS", "API_KEY", "X_API_KEY")
    )
    """API keys, separated by commas. Without any, the API is open to every client."""

    model_config = config()

    _split = field_validator("api_keys", mode="before")(listed)
