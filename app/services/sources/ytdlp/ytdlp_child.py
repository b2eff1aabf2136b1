"""Child process that runs yt-dlp: ``python -m app.services.sources.ytdlp.ytdlp_child``.

It reads its task from the first line of stdin, reports the playlist or the video that it found
(see ``dialogue``) and writes what the server requests to stdout. An error is reported on stderr,
as a line of JSON with ``error``. Exit status 0 means that every byte was written.
"""

from __future__ import annotations

import json
import os
import sys
from typing import cast
from urllib.parse import urlsplit

from yt_dlp.utils import YoutubeDLError

from app.services.sources.ytdlp.bounded_ydl import BoundedYoutubeDL
from app.services.sources.ytdlp.dialogue import Dialogue
from app.services.sources.ytdlp.playlist_child import list_playlist
from app.services.sources.ytdlp.ytdlp_errors import FinishedError, classify
from app.services.sources.ytdlp.ytdlp_options import YtdlpTask, options

_ERROR_CHARS = 1000


def main() -> int:
    """Fetch; return the exit status."""
    task = cast("YtdlpTask", json.loads(sys.stdin.buffer.readline()))
    os.chdir(task["folder"])  # fragments of a playlist pass through files
    _connect_only_to(task["proxy"])
    _keep_stdout_for_media()
    dialogue = Dialogue(sys.stdin.buffer, sys.stdout.buffer, task["timeout_s"])
    try:
        video = BoundedYoutubeDL(options(task))
        if task["playlist"] is not None:
            listed = list_playlist(video, task["page_url"], task["playlist"])
            dialogue.answer("listed", json.dumps(listed).encode())
            return 0
        dialogue.attach(video)
        found = video.extract_info(task["page_url"])
        if not sys.stdout.closed:  # which it is after a playlist
            sys.stdout.flush()
    except FinishedError:
        return 0
    except YoutubeDLError as error:
        return _report_error(*classify(error))
    except OSError:
        return _report_error("broken_off", "")
    except MemoryError:
        return _report_error("memory", "")
    if not found or not (found.get("requested_downloads") or found.get("entries")):
        return _report_error("nothing", "")
    return 0


def _connect_only_to(proxy: str) -> None:
    """Refuse every connection of this process but those to the proxy."""
    allowed = (urlsplit(proxy).hostname, urlsplit(proxy).port)

    def audit(event: str, arguments: tuple[object, ...]) -> None:
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            address = arguments[1]
            if not isinstance(address, tuple) or address[:2] != allowed:
                raise PermissionError("connections go through the proxy alone")

    sys.addaudithook(audit)


def _keep_stdout_for_media() -> None:
    """Redirect all other output to stdout, that of child processes too, to stderr."""
    media = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(media, "w", encoding="utf-8")


def _report_error(kind: str, text: str) -> int:
    error = {"error": {"kind": kind, "text": text[:_ERROR_CHARS]}}
    sys.stderr.write(json.dumps(error) + "\n")
    sys.stderr.flush()
    return 1


if __name__ == "__main__":
    sys.exit(main())
