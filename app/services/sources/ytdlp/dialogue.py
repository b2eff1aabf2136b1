"""The child's side of the dialogue about one video.

Once yt-dlp has found the video and before it downloads anything, the server is told what there is.
It then chooses, one JSON object a line: ``{"caption": {"kind", "name", "format"}}`` any number of
times, at last ``{"audio": true}``. Each answer is a line of JSON with ``answer`` and ``bytes``,
then that many bytes; the audio's bytes come bare. So one extraction serves whatever is chosen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

from yt_dlp import YoutubeDL
from yt_dlp.utils import YoutubeDLError

from app.services.sources.ytdlp.failures import (
    LeftError,
    LiveError,
    RestartedError,
    TooMuchError,
    explain,
)
from app.services.sources.ytdlp.found import Entry, found_in, is_live, tracks_of

CAPTION_BYTES = 32 * 2**20
"""Largest caption file: a day of speech has a tenth of it."""

_CAPTION_RETRIES = 1
"""A caption file that cannot be had soon has a substitute: another format, track, or the audio."""

_MEDIA = "-"
"""yt-dlp's name for stdout."""


class Dialogue:
    """Tells what was found and does what the server chooses.

    Args:
        choices: where the server's lines come from.
        answers: where answers and the audio go.
        timeout_s: how long one caption file may take in all.
    """

    def __init__(self, choices: BinaryIO, answers: BinaryIO, timeout_s: float) -> None:
        self._choices = choices
        self._answers = answers
        self._timeout_s = timeout_s
        self._told = False
        self._media_bytes = 0
        self._caption_deadline = 0.0

    def match(self, video: YoutubeDL) -> None:
        """Take part in what yt-dlp does: it asks us about every video ahead of its download."""
        video.params["match_filter"] = lambda info, *, incomplete: self._ask(
            video, info, incomplete=incomplete
        )
        video.add_progress_hook(self._watch)

    def _ask(self, video: YoutubeDL, info: Mapping[str, object], *, incomplete: object) -> None:
        """Return to have the audio downloaded."""
        if is_live(info):
            raise LiveError
        if incomplete is True or self._told:  # a mere link in a list, or the same video again
            return
        self._told = True
        self._answer("found", json.dumps(found_in(info)).encode())
        for line in self._choices:
            choice = json.loads(line)
            if "audio" in choice:
                return
            self._send_caption(video, info, choice["caption"])
        raise LeftError

    def _send_caption(
        self, video: YoutubeDL, info: Mapping[str, object], wanted: Mapping[str, str]
    ) -> None:
        entry = tracks_of(info)[wanted["kind"], wanted["name"]][wanted["format"]]
        try:
            data = self._fetch(video, info, entry)
        except YoutubeDLError as error:
            kind, text = explain(error)
            self._answer("failed", json.dumps({"kind": kind, "text": text}).encode())
        except OSError:
            self._answer("failed", b'{"kind": "broken_off", "text": ""}')
        else:
            self._answer("caption", data)

    def _fetch(self, video: YoutubeDL, info: Mapping[str, object], entry: Entry) -> bytes:
        """Fetch as yt-dlp itself would: with its cookies, headers, and pieces of playlists."""
        if entry.get("data") is not None:
            return str(entry["data"]).encode()
        path = Path("caption")
        usual = video.params
        video.params = {
            **usual,
            "retries": _CAPTION_RETRIES,
            "fragment_retries": _CAPTION_RETRIES,
        }
        self._caption_deadline = time.monotonic() + self._timeout_s
        try:
            video.dl(str(path), {"http_headers": info.get("http_headers"), **entry}, subtitle=True)
            return path.read_bytes()
        finally:
            video.params = usual
            path.unlink(missing_ok=True)

    def _watch(self, status: Mapping[str, object]) -> None:
        """Called by yt-dlp as a download goes on."""
        done = cast("int", status.get("downloaded_bytes") or 0)
        if status.get("filename") != _MEDIA:
            if done > CAPTION_BYTES or time.monotonic() > self._caption_deadline:
                raise TooMuchError
            return
        if status.get("fragment_index") is not None or status.get("status") != "downloading":
            return
        if done < self._media_bytes:  # the server cannot resume, so bytes came twice
            raise RestartedError
        self._media_bytes = done

    def _answer(self, what: str, data: bytes) -> None:
        head = json.dumps({"answer": what, "bytes": len(data)})
        self._answers.write(head.encode() + b"\n" + data)
        self._answers.flush()
