"""Settings of fetching media."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from app.settings.group import Group, config, names


class SourceSettings(Group):
    """Fetching media."""

    allow_private_urls: bool = False
    """Whether private, loopback and link-local addresses may be fetched. For tests and homes."""
    fetch_connect_s: float = Field(10.0, gt=0)
    """Seconds until a connection must stand."""
    fetch_read_s: float = Field(30.0, gt=0)
    """Seconds of silence after which a download is given up."""
    fetch_min_bytes_per_s: int = Field(1024, ge=0)
    """Least pace of a download in bytes per second, while it is waited for; one that stays below it
    for FETCH_READ_S is given up. 0 for none. A slow sender would hold a job's place for days."""
    fetch_limit_s: float = Field(14_400.0, gt=0)
    """Seconds that the bytes of one download may be waited for in all."""
    fetch_page_s: float = Field(180.0, gt=0)
    """Seconds that yt-dlp may look at a page until it finds the video, and fetch a caption file."""
    max_download_mb: int = Field(8192, ge=1)
    """Largest download in MiB."""
    cookies_file: Path | None = Field(
        None, validation_alias=names("COOKIES_FILE", "YTDLP_COOKIES_FILE")
    )
    """Netscape cookie file for yt-dlp, of a browser that is signed in. It is never written to."""
    ytdlp_proxy: SecretStr | None = None
    """HTTP proxy for yt-dlp's connections, `http://user:password@host:port`, where sites turn
    away this server's address. It must allow CONNECT to any port."""
    ytdlp_rate_limit_kbps: int | None = Field(None, ge=1)
    """Fastest download of each job in KiB per second, to be gentle with a site. None unless
    set."""
    ytdlp_sleep_s: float = Field(
        0.0, ge=0, validation_alias=names("YTDLP_SLEEP_S", "YTDLP_SLEEP_REQUESTS")
    )
    """Seconds between two requests while a page is looked at. Raise it when a site answers 429."""
    ytdlp_js_runtime: str = Field("", pattern=r"^((deno|node|bun|quickjs)(:.+)?)?$")
    """JavaScript runtime for yt-dlp, perhaps with its path: `node:/opt/node/bin/node`. Unless
    set, whichever of deno, node, bun and quickjs is there."""
    ytdlp_dir: Path = Path("~/.local/share/cuestream/yt-dlp")
    """Folder with a newer yt-dlp, which `scripts/update-ytdlp.sh` makes. Where there is one, the
    next job uses it; nothing has to be started again."""
    work_dir: Path | None = Field(None, validation_alias=names("WORK_DIR", "TEMP_DIR"))
    """Folder for temporary files. The system's own unless set."""

    # An address with a password is not shown, even if it is wrong.
    model_config = SettingsConfigDict(**{**config(), "hide_input_in_errors": True})

    @field_validator("ytdlp_proxy")
    @classmethod
    def _http_proxy(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts is not None and not (parts.scheme == "http" and parts.hostname and parts.port):
            raise ValueError("a proxy is written http://user:password@host:port")
        return value
