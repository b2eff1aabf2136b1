"""yt-dlp in a process of its own: ``python -m app.services.sources.ytdlp.child``.

It reads its task from the first line of stdin, talks with the server about the video that it
found (see ``dialogue``), and writes what is chosen to stdout. Why a video cannot be had it
tells on stderr, as a line of JSON with ``error``. Exit status 0 means that every byte was written.
"""

from __future__ import annotations

import json
import os
import sys
from typing import cast
from urllib.parse import urlsplit

from yt_dlp import YoutubeDL
from yt_dlp.utils import YoutubeDLError

from app.services.sources.ytdlp.dialogue import Dialogue
from app.services.sources.ytdlp.failures import LeftError, explain
from app.services.sources.ytdlp.options import Task, options

_TOLD_CHARS = 1000


def main() -> int:
    """Fetch; return the exit status."""
    task = cast("Task", json.loads(sys.stdin.buffer.readline()))
    os.chdir(task["folder"])  # fragments of a playlist pass through files
    _connect_only_to(task["proxy"])
    _keep_stdout_for_media()
    dialogue = Dialogue(sys.stdin.buffer, sys.stdout.buffer, task["timeout_s"])
    try:
        video = YoutubeDL(options(task))
        dialogue.match(video)
        found = video.extract_info(task["page_url"])
        if not sys.stdout.closed:  # which it is after a playlist
            sys.stdout.flush()
    except LeftError:
        return 0
    except YoutubeDLError as error:
        return _tell_error(*explain(error))
    except OSError:
        return _tell_error("broken_off", "")
    if not found or not (found.get("requested_downloads") or found.get("entries")):
        return _tell_error("nothing", "")
    return 0


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


def _tell_error(kind: str, text: str) -> int:
    error = {"error": {"kind": kind, "text": text[:_TOLD_CHARS]}}
    sys.stderr.write(json.dumps(error) + "\n")
    sys.stderr.flush()
    return 1


if __name__ == "__main__":
    sys.exit(main())
