"""yt-dlp with bounded responses.

Imports yt-dlp, so only the child process imports this.
"""

from __future__ import annotations

from typing import Protocol, cast

from yt_dlp import YoutubeDL
from yt_dlp.networking.exceptions import HTTPError

from app.services.sources.ytdlp.ytdlp_errors import EncodingError, PageSizeError

PAGE_BYTES = 32 * 2**20
"""Largest response that is read into memory as a whole: a page, a script, a playlist. The largest
page of a site that yt-dlp's tests name has some megabytes."""

_READ_BYTES = 2**18

_CODINGS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd"})
"""What yt-dlp asks for where it asks for an encoding; it reads these in pieces of bounded size.
Source: yt_dlp/networking/_requests.py."""


class SiteResponse(Protocol):
    """What is used of ``yt_dlp.networking.Response``."""

    def get_header(self, name: str) -> str | None:
        """Return a header's values, joined by commas."""

    def read(self, amt: int | None = None) -> bytes:
        """Read so many bytes, or all."""


class BoundedYoutubeDL(YoutubeDL):  # type: ignore[misc]
    """Refuses responses in encodings that were not asked for, and reads whole ones to a limit."""

    def urlopen(self, req: object) -> object:
        """Open a response; extractors and downloaders do so by this method alone.

        Raises:
            EncodingError: it is encoded in a way that was not asked for.
        """
        wanted = getattr(req, "headers", {}).get("Accept-Encoding", "")
        try:
            response = super().urlopen(req)
        except HTTPError as error:
            _bound(cast("SiteResponse", error.response), wanted)
            raise
        _bound(response, wanted)
        return response


def _bound(response: SiteResponse, wanted: str) -> None:
    check_codings(response.get_header("Content-Encoding") or "", wanted)
    read = response.read

    def bounded(amt: int | None = None) -> bytes:
        if amt is not None and amt >= 0:
            return read(amt)
        whole = bytearray()
        while data := read(_READ_BYTES):
            whole += data
            if len(whole) > PAGE_BYTES:
                raise PageSizeError
        return bytes(whole)

    response.read = bounded  # type: ignore[method-assign]


def check_codings(content_encoding: str, accept_encoding: str) -> None:
    """Check the encoding of a response: none, or one of those that were asked for.

    Encodings on top of one another multiply, and nobody has a use for them.

    Args:
        content_encoding: of the response, several joined by commas.
        accept_encoding: of the request; empty for yt-dlp's own.

    Raises:
        EncodingError: it is another one, or there are several.
    """
    codings = [coding.strip().lower() for coding in content_encoding.split(",")]
    used = [coding for coding in codings if coding not in {"", "identity"}]
    if not used:
        return
    plain = accept_encoding.strip().lower() == "identity"
    if plain or len(used) > 1 or used[0] not in _CODINGS:
        raise EncodingError
