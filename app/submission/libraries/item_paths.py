"""Paths of films: asked from the media server, and translated to the folders of this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import httpx
import stamina

from app.domain.errors import InvalidFieldError, SourceError, UnavailableOptionError
from app.domain.json_text import read_json
from app.settings import LibrarySettings

_TIMEOUT_S = 10.0
_ATTEMPTS = 4
_MOST_BYTES = 20 * 2**20
_PLEX_ID = re.compile(r"[0-9]{1,12}")
_JELLYFIN_ID = re.compile(r"[0-9a-fA-F-]{32,36}")


def local_path(path: str, mapping: Sequence[str]) -> Path:
    """Return where a media server's path lies here.

    Args:
        path: of the server, which may run on Windows.
        mapping: pairs of folders, ``theirs=ours``; the longest that fits applies.

    Raises:
        InvalidFieldError: it is no whole path.
    """
    if "\0" in path or not (path.startswith("/") or PureWindowsPath(path).is_absolute()):
        raise InvalidFieldError("The path of the film must be a whole one")
    plain = path.replace("\\", "/") if not path.startswith("/") else path
    pairs = [pair.partition("=")[::2] for pair in mapping]
    for theirs, ours in sorted(pairs, key=lambda pair: -len(pair[0])):
        start = theirs.replace("\\", "/") if not theirs.startswith("/") else theirs
        if plain == start.rstrip("/") or plain.startswith(start.rstrip("/") + "/"):
            rest = plain[len(start.rstrip("/")) :].lstrip("/")
            return Path(ours) / PurePosixPath(rest)
    return Path(plain)


async def item_paths(server: str, item: str, settings: LibrarySettings) -> list[str]:
    """Return the paths of an item's films as its media server knows them.

    A show or a season has those of its episodes.

    Args:
        server: ``plex`` or ``jellyfin``.
        item: its id there.
        settings: addresses and tokens.

    Raises:
        InvalidFieldError: it is no id.
        UnavailableOptionError: the address of the server is not set.
        SourceError: the server does not answer, or knows no such item.
    """
    paths: list[str] = []
    async for attempt in stamina.retry_context(
        on=SourceError, attempts=_ATTEMPTS, wait_initial=0.5
    ):
        with attempt:
            ask = _of_plex if server == "plex" else _of_jellyfin
            paths = await ask(item, settings)
            if not paths:
                raise SourceError(f"{server} names no file of item {item} yet")
    return paths


async def _of_plex(item: str, settings: LibrarySettings) -> list[str]:
    if not _PLEX_ID.fullmatch(item):
        raise InvalidFieldError("Metadata.ratingKey: digits alone")
    _require(settings.plex_url, "PLEX_URL")
    token = settings.plex_token.get_secret_value() if settings.plex_token else ""
    headers = {"X-Plex-Token": token, "Accept": "application/json"}
    base = f"{settings.plex_url.rstrip('/')}/library/metadata/{item}"
    found = _plex_items(await _json(base, headers))
    if any(each.get("type") in ("show", "season", "artist", "album") for each in found):
        found = _plex_items(await _json(f"{base}/allLeaves", headers))
    return [
        str(part["file"])
        for each in found
        for media in _list(each.get("Media"))
        for part in _list(media.get("Part"))
        if part.get("file")
    ]


def _plex_items(answer: dict[str, Any]) -> list[dict[str, Any]]:
    container = answer.get("MediaContainer")
    return _list(container.get("Metadata")) if isinstance(container, dict) else []


async def _of_jellyfin(item: str, settings: LibrarySettings) -> list[str]:
    if not _JELLYFIN_ID.fullmatch(item):
        raise InvalidFieldError("ItemId: not an id of Jellyfin")
    _require(settings.jellyfin_url, "JELLYFIN_URL")
    token = settings.jellyfin_token.get_secret_value() if settings.jellyfin_token else ""
    headers = {"Authorization": f'MediaBrowser Token="{token}"', "Accept": "application/json"}
    base = f"{settings.jellyfin_url.rstrip('/')}/Items"
    found = _list((await _json(f"{base}?ids={item}&fields=Path", headers)).get("Items"))
    if any(each.get("IsFolder") for each in found):
        query = f"parentId={item}&recursive=true&includeItemTypes=Episode,Movie&fields=Path"
        found = _list((await _json(f"{base}?{query}", headers)).get("Items"))
    return [str(each["Path"]) for each in found if each.get("Path")]


def _require(url: str, variable: str) -> None:
    if not url:
        raise UnavailableOptionError(f"{variable} is not set, so no path can be asked for")


def _list(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


async def _json(url: str, headers: dict[str, str]) -> dict[str, Any]:
    """Ask a server that the operator has named; it may be on the local network."""
    whole = bytearray()
    try:
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise SourceError(f"The media server answered {response.status_code}")
            async for piece in response.aiter_bytes():
                whole += piece
                if len(whole) > _MOST_BYTES:
                    raise SourceError("The media server's answer is too long")
        value = read_json(bytes(whole))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise SourceError(f"The media server does not answer ({type(error).__name__})") from None
    return value if isinstance(value, dict) else {}


async def tell_completed(url: str, payload: dict[str, str]) -> bool:
    """Notify an address of the operator's that a file was written; return whether it took that."""
    try:
        async for attempt in stamina.retry_context(
            on=httpx.HTTPError, attempts=_ATTEMPTS, wait_initial=0.5
        ):
            with attempt:
                async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
                    body = json.dumps(payload).encode()
                    kind = {"Content-Type": "application/json"}
                    (await client.post(url, content=body, headers=kind)).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return True
