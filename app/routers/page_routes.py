"""`/`: the page for people, and the modules, styles and libraries that it loads.

The files of `app/web` are served as they are: there is no build step. A browser may keep each, but
asks every time whether it is still the same, by the hash of its bytes. What it does not have yet
travels in gzip where it takes that: the files are compressed once, when the first one is asked for.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.errors import NotFoundError

router = APIRouter(include_in_schema=False)

_FOLDER = Path(__file__).parents[1] / "web"
_START = "index.html"
_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Media types of the files that are served; others of the folder are not."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, no inline script; `blob:` is the browser's own file in its player."""


_HEADERS = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page.

    Attributes:
        data: its bytes.
        media_type: for ``Content-Type``.
        tag: for ``ETag``, without quotes.
        compressed: its bytes in gzip; ``None`` where that would not make it smaller.
    """

    data: bytes
    media_type: str
    tag: str
    compressed: bytes | None


@cache
def page_files() -> Mapping[str, PageFile]:
    """Return the files of the page by their paths below `/web/`."""
    found = (path for path in sorted(_FOLDER.rglob("*")) if path.suffix in _TYPES)
    return {path.relative_to(_FOLDER).as_posix(): _read(path) for path in found}


def _read(path: Path) -> PageFile:
    data = path.read_bytes()
    tag = hashlib.sha256(data).hexdigest()[:32]
    compressed = gzip.compress(data, mtime=0)
    smaller = compressed if len(compressed) < len(data) else None
    return PageFile(data, _TYPES[path.suffix], tag, smaller)


@router.head("/")
@router.get("/")
async def start(request: Request) -> Response:
    """Return the page."""
    return _answer(request, _START)


@router.head("/web/{name:path}")
@router.get("/web/{name:path}")
async def page_file(request: Request, name: str) -> Response:
    """Return a file that the page loads.

    Raises:
        NotFoundError: the page has none of that name.
    """
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    found = page_files().get(name)
    if found is None:
        raise NotFoundError("Not found")
    headers = dict(_HEADERS)
    data, tag = found.data, f'"{found.tag}"'
    if found.compressed is not None:
        headers["Vary"] = "Accept-Encoding"
        if _takes_gzip(request):
            # Another representation has another strong tag.
            data, tag = found.compressed, f'"{found.tag}-gzip"'
            headers["Content-Encoding"] = "gzip"
    headers["ETag"] = tag
    known = {sent.removeprefix("W/") for sent in _listed(request, "if-none-match")}
    if tag in known or "*" in known:
        headers.pop("Content-Encoding", None)
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=found.media_type, headers=headers)


def _takes_gzip(request: Request) -> bool:
    """Whether the client takes gzip: named, or by ``*``, and with a weight above zero."""
    weights: dict[str, bool] = {}
    for coding in _listed(request, "accept-encoding"):
        name, _, parameter = coding.partition(";")
        weight = parameter.replace(" ", "").lower().removeprefix("q=")
        weights[name.strip().lower()] = not parameter or weight.strip("0.") != ""
    return weights.get("gzip", weights.get("*", False))


def _listed(request: Request, name: str) -> list[str]:
    """Return the elements of a header that holds a list."""
    return [each.strip() for each in ",".join(request.headers.getlist(name)).split(",")]
