"""Settings of media libraries, whose servers tell of films that want subtitles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from app.settings.group import Group, config, listed, names

LibraryEvent = Literal["added", "played"]


class LibrarySettings(Group):
    """Webhooks of media servers (Plex, Jellyfin, Emby, Tautulli): subtitles beside the films."""

    roots: Annotated[tuple[Path, ...], NoDecode] = Field((), validation_alias=names("MEDIA_ROOTS"))
    """Folders of films and shows on this machine, separated by commas. Nothing outside them is read
    or written. Without any, webhooks of media servers are refused."""
    path_map: Annotated[tuple[str, ...], NoDecode] = Field(
        (), validation_alias=names("MEDIA_PATH_MAP")
    )
    """Where the media server's folders lie here: `/tv=/mnt/tv,/movies=/mnt/films`. The longest
    beginning that fits applies."""
    events: Annotated[tuple[LibraryEvent, ...], NoDecode] = Field(
        ("added",), validation_alias=names("MEDIA_EVENTS")
    )
    """Which events are worked on, separated by commas: `added`, `played`."""
    languages: Annotated[tuple[str, ...], NoDecode] = Field(
        ("original",), validation_alias=names("MEDIA_LANGUAGES")
    )
    """Languages of the subtitles to make, separated by commas, such as `original,es,pt-BR`.
    `original` is the language that is spoken, without translation."""
    formats: Annotated[tuple[str, ...], NoDecode] = Field(
        ("srt",), validation_alias=names("MEDIA_FORMATS")
    )
    """Formats of the files, separated by commas, such as `srt,vtt`."""
    profile: str = Field("", validation_alias=names("MEDIA_PROFILE"))
    """Reading profile of these files; empty for DEFAULT_PROFILE."""
    plex_url: str = Field("", validation_alias=names("PLEX_URL", "PLEXSERVER", "PLEX_SERVER"))
    """Address of Plex, which tells the path of an item: `http://192.168.1.5:32400`."""
    plex_token: SecretStr | None = Field(None, validation_alias=names("PLEX_TOKEN", "PLEXTOKEN"))
    """Plex's token (X-Plex-Token)."""
    jellyfin_url: str = Field(
        "", validation_alias=names("JELLYFIN_URL", "JELLYFINSERVER", "JELLYFIN_SERVER")
    )
    """Address of Jellyfin, which tells the path of an item: `http://192.168.1.5:8096`."""
    jellyfin_token: SecretStr | None = Field(
        None, validation_alias=names("JELLYFIN_TOKEN", "JELLYFINTOKEN")
    )
    """An API key of Jellyfin."""
    completed_url: str = Field("", validation_alias=names("WEBHOOK_URL_COMPLETED"))
    """Address that is told of each file that was written: `{event, file, subtitle, language}`."""

    model_config = config()

    _split = field_validator("roots", "path_map", "events", "languages", "formats", mode="before")(
        listed
    )

    @field_validator("path_map")
    @classmethod
    def _pairs(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            there, _, here = pair.partition("=")
            if not there or not here:
                raise ValueError(f"{pair!r} is no pair of folders: write /theirs=/ours")
        return value
