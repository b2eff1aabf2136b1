"""yt-dlp in a process of its own: ``python -m app.services.sources.site_child``.

It reads one JSON object from stdin (``page_url``, ``proxy``, ``cookies``, ``folder``,
``timeout_s``), writes the best audio's bytes to stdout, and tells on stderr, one JSON object a
line, what the video is (``info``) or why it cannot be had (``error``). Exit status 0 means that
every byte was written.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import TypedDict, cast
from urllib.parse import urlsplit

from yt_dlp import YoutubeDL
from yt_dlp.utils import YoutubeDLError

from app.services.sources.site_failure import LiveError, RestartedError, explain

_RETRIES = 5


class Task(TypedDict):
    """What to fetch; ``cookies`` is a Netscape cookie file or None."""

    page_url: str
    proxy: str
    cookies: str | None
    folder: str
    timeout_s: float


class _Silent:
    """yt-dlp's log, which nobody reads."""

    def debug(self, _message: str) -> None: ...
    def warning(self, _message: str) -> None: ...
    def error(self, _message: str) -> None: ...


def main() -> int:
    """Fetch; return the exit status."""
    task = cast("Task", json.load(sys.stdin))
    os.chdir(task["folder"])  # fragments of a playlist pass through files
    _connect_only_to(task["proxy"])
    _keep_stdout_for_media()
    try:
        found = YoutubeDL(_options(task)).extract_info(task["page_url"])
        if not sys.stdout.closed:  # which it is after a playlist
            sys.stdout.flush()
    except YoutubeDLError as error:
        return _tell_error(*explain(error))
    except OSError:
        return _tell_error("broken_off", "")
    if not found or not (found.get("requested_downloads") or found.get("entries")):
        return _tell_error("nothing", "")
    return 0


def _options(task: Task) -> dict[str, object]:
    return {
        "format": "bestaudio/best",
        "outtmpl": {"default": "-"},
        "proxy": task["proxy"],
        "cookiefile": task["cookies"],
        "socket_timeout": task["timeout_s"],
        "retries": _RETRIES,
        "fragment_retries": _RETRIES,
        "extractor_retries": 2,
        "skip_unavailable_fragments": False,  # a hole would shift all that follows
        "noplaylist": True,
        "playlist_items": "1",
        "hls_prefer_native": True,
        "fixup": "never",
        # Its ffmpeg would open connections of its own.
        "ffmpeg_location": os.path.join(task["folder"], "no-ffmpeg"),  # noqa: PTH118
        "js_runtimes": {"deno": {}, "node": {}},
        "match_filter": _tell_info,
        "progress_hooks": [_restart_watch()],
        "logger": _Silent(),
        "logtostderr": True,
        "quiet": True,
        "noprogress": True,
        "color": "never",
    }


def _tell_info(info: Mapping[str, object], *, incomplete: bool) -> None:
    """Called by yt-dlp with what it found, ahead of the download."""
    live = info.get("is_live") or info.get("live_status") in {"is_live", "is_upcoming"}
    if not incomplete:
        keys = {"title": info.get("title"), "duration_s": info.get("duration")}
        _tell({"info": {**keys, "is_live": bool(live)}})
    if live:
        raise LiveError


def _restart_watch() -> Callable[[Mapping[str, object]], None]:
    """Notice when a server that cannot resume made yt-dlp write from the start again."""
    last = 0

    def watch(status: Mapping[str, object]) -> None:
        nonlocal last
        if status.get("fragment_index") is not None or status.get("status") != "downloading":
            return
        written = cast("int", status.get("downloaded_bytes") or 0)
        if written < last:
            raise RestartedError
        last = written

    return watch


def _connect_only_to(proxy: str) -> None:
    """Refuse every connection but those to the proxy, whoever in this process asks for it."""
    door = (urlsplit(proxy).hostname, urlsplit(proxy).port)

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            address = arguments[1]
            if not isinstance(address, tuple) or address[:2] != door:
                raise PermissionError("connections go through the proxy alone")

    sys.addaudithook(audit)


def _keep_stdout_for_media() -> None:
    """Let whatever else writes to stdout, child processes too, write to stderr."""
    media = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(media, "w", encoding="utf-8")


def _tell(what: Mapping[str, object]) -> None:
    sys.stderr.write(json.dumps(what) + "\n")
    sys.stderr.flush()


def _tell_error(kind: str, text: str) -> int:
    _tell({"error": {"kind": kind, "text": text}})
    return 1


if __name__ == "__main__":
    sys.exit(main())
