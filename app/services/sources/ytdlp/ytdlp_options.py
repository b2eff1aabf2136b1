"""Options that yt-dlp is started with."""

from __future__ import annotations

import os
from typing import TypedDict

from app.services.sources.ytdlp.playlist_info import PlaylistWish

_RETRIES = 5
"""Attempts at each request that broke off on the way."""

_RUNTIMES = ("deno", "node", "bun", "quickjs")
"""JavaScript runtimes that yt-dlp searches on PATH, the one that it trusts most first."""


BEST_AUDIO = "bestaudio/best"
"""The sound alone where the site has it alone."""


class YtdlpTask(TypedDict):
    """Task of the child process.

    Attributes:
        page_url: page to extract.
        proxy: address of the only proxy that may be used.
        cookies: path of a Netscape cookie file, or None.
        folder: for temporary files.
        timeout_s: of a socket, and of a whole caption file.
        rate_limit: bytes per second, or None.
        sleep_s: pause between requests in seconds.
        js_runtime: a runtime's name, perhaps with ``:PATH``; empty for any that is installed.
        format: which of the site's media is wanted, as yt-dlp selects formats.
        playlist: which entries of a playlist are to be listed, in place of a video; None for the
            video.
    """

    page_url: str
    proxy: str
    cookies: str | None
    folder: str
    timeout_s: float
    rate_limit: int | None
    sleep_s: float
    js_runtime: str
    format: str
    playlist: PlaylistWish | None


class _Silent:
    """Logger that discards yt-dlp's messages."""

    def debug(self, _message: str) -> None: ...
    def warning(self, _message: str) -> None: ...
    def error(self, _message: str) -> None: ...


def options(task: YtdlpTask) -> dict[str, object]:
    """Return yt-dlp's parameters. Source: the docstring of ``yt_dlp.YoutubeDL``."""
    return {
        "format": task["format"],
        "outtmpl": {"default": "-"},
        "proxy": task["proxy"],
        "cookiefile": task["cookies"],
        "socket_timeout": task["timeout_s"],
        "retries": _RETRIES,
        "fragment_retries": _RETRIES,
        "extractor_retries": 2,
        "ratelimit": task["rate_limit"],
        "sleep_interval_requests": task["sleep_s"],
        "skip_unavailable_fragments": False,  # a hole would shift all that follows
        "noplaylist": task["playlist"] is None,
        "playlist_items": "1",
        # Lists of YouTube tell no days but "3 weeks ago".
        "extractor_args": {"youtubetab": {"approximate_date": ["yes"]}},
        "hls_prefer_native": True,
        "fixup": "never",
        # Its ffmpeg would open connections of its own.
        "ffmpeg_location": os.path.join(task["folder"], "no-ffmpeg"),  # noqa: PTH118
        "js_runtimes": _runtimes(task["js_runtime"]),
        "logger": _Silent(),
        "logtostderr": True,
        "quiet": True,
        "noprogress": True,
        "color": "never",
    }


def _runtimes(chosen: str) -> dict[str, dict[str, str]]:
    if not chosen:
        return {name: {} for name in _RUNTIMES}
    name, _, path = chosen.partition(":")
    return {name: {"path": path} if path else {}}
