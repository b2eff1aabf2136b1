"""Dialogue with the server about one video, on the child's side.

Once yt-dlp has found the video and before it downloads anything, the child sends the metadata.
The server then makes requests, one JSON object a line: ``{"caption": {"kind", "name", "format"}}``
any number of times, at last ``{"audio": true}``. Each answer is a line of JSON with ``answer`` and
``bytes``, then that many bytes; the audio's bytes come bare. So one extraction serves all requests.
A playlist is one answer, ``listed``, without any request.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

from yt_dlp import YoutubeDL
from yt_dlp.utils import YoutubeDLError

from app.services.sources.ytdlp.info_dict import Entry, caption_files, describe_video, is_live
from app.services.sources.ytdlp.ytdlp_errors import (
    CaptionLimitError,
    FinishedError,
    LiveError,
    RestartedError,
    classify,
)

CAPTION_BYTES = 32 * 2**20
"""Largest caption file: a day of speech has a tenth of it."""

_CAPTION_RETRIES = 1
"""A caption file that fails has a substitute: another format, track, or the audio."""

_MEDIA = "-"
"""yt-dlp's name for stdout."""


class Dialogue:
    """Reports the video that was found and serves the server's requests.

    Args:
        choices: stream of the server's requests.
        answers: stream for answers, then for the audio.
        timeout_s: how long one caption file may take in all.
    """

    def __init__(self, requests: BinaryIO, answers: BinaryIO, timeout_s: float) -> None:
        self._requests = requests
        self._answers = answers
        self._timeout_s = timeout_s
        self._found_sent = False
        self._media_bytes = 0
        self._caption_deadline = 0.0

    def answer(self, name: str, data: bytes) -> None:
        """Send one answer."""
        head = json.dumps({"answer": name, "bytes": len(data)})
        self._answers.write(head.encode() + b"\n" + data)
        self._answers.flush()

    def attach(self, video: YoutubeDL) -> None:
        """Hook into yt-dlp, which calls the match filter for every video before its download."""
        video.params["match_filter"] = lambda info, *, incomplete: self._serve_requests(
            video, info, incomplete=incomplete
        )
        video.add_progress_hook(self._check_progress)

    def _serve_requests(
        self, video: YoutubeDL, info: Mapping[str, object], *, incomplete: object
    ) -> None:
        """Serve requests for captions; return once the audio is requested.

        Raises:
            LiveError: the video is live.
            FinishedError: the server closed the dialogue.
        """
        if is_live(info):
            raise LiveError
        if incomplete is True or self._found_sent:  # a link in a list, or the same video again
            return
        self._found_sent = True
        self.answer("found", json.dumps(describe_video(info)).encode())
        for line in self._requests:
            request = json.loads(line)
            if "audio" in request:
                return
            self._send_caption(video, info, request["caption"])
        raise FinishedError

    def _send_caption(
        self, video: YoutubeDL, info: Mapping[str, object], wanted: Mapping[str, str]
    ) -> None:
        entry = caption_files(info)[wanted["kind"], wanted["name"]][wanted["format"]]
        try:
            data = self._fetch(video, info, entry)
        except YoutubeDLError as error:
            kind, text = classify(error)
            self.answer("failed", json.dumps({"kind": kind, "text": text}).encode())
        except OSError:
            self.answer("failed", b'{"kind": "broken_off", "text": ""}')
        else:
            self.answer("caption", data)

    def _fetch(self, video: YoutubeDL, info: Mapping[str, object], entry: Entry) -> bytes:
        """Fetch a caption file by yt-dlp, with its cookies, headers, fragments of playlists."""
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

    def _check_progress(self, status: Mapping[str, object]) -> None:
        """Check the progress of a download, as a progress hook of yt-dlp.

        Raises:
            CaptionLimitError: a caption file is too large or too slow.
            RestartedError: the audio's download began anew.
        """
        done = cast("int", status.get("downloaded_bytes") or 0)
        if status.get("filename") != _MEDIA:
            if done > CAPTION_BYTES or time.monotonic() > self._caption_deadline:
                raise CaptionLimitError
            return
        if status.get("fragment_index") is not None or status.get("status") != "downloading":
            return
        if done < self._media_bytes:  # the server cannot resume, so bytes came twice
            raise RestartedError
        self._media_bytes = done
