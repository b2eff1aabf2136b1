"""`cuestream live`: a microphone, or a file in its place, as live captions."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from typing import IO, Any, cast

from app.cli.command_context import chosen_reporter, chosen_server, exit_of, terminal_settings
from app.cli.exit_codes import CommandError, ExitCode, server_error
from app.cli.file_commands import existing
from app.cli.server_client import ServerClient

_CHUNK_BYTES = 8000
"""A quarter of a second of 16-bit mono sound at 16 kHz."""

_CAPTURES = {
    "linux": ("pulse", "default"),
    "darwin": ("avfoundation", ":default"),
    "win32": ("dshow", "audio=default"),
}
"""ffmpeg's way to a microphone, and the usual one. Source: ffmpeg's documentation of devices."""

_ANY_CAPTIONS = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"

_LAST_S = 12
"""Seconds in which the last line comes, if there is one: it ends at a silence, or after 7 s."""

_MORE_S = 1
"""Seconds in which the server says, after a line, that another one is heard."""


def caption_live(
    source: str, device: str, to: str, server: str, key: str, *, as_json: bool
) -> ExitCode:
    """Print lines as they are spoken, until the sound ends.

    Args:
        source: file in place of a microphone; empty for that.
        device: as ffmpeg names it; empty for the usual one.
        to: language to translate into; empty for none.
        server: address; empty for that of the settings.
        key: empty for that of the settings.
        as_json: whether lines are written as JSON.
    """
    reporter = chosen_reporter(as_json=as_json, quiet=True)

    def work() -> ExitCode:
        command = _capture(source, device)
        with chosen_server(server, key, reporter) as (client, _):
            known = key or _known_key(client)
            return _LiveCaptions(client, known, as_json=as_json).run(command, to)

    return exit_of(work, reporter)


def _known_key(client: ServerClient) -> str:
    sent = client.http.headers.get("X-API-Key", "")
    own = terminal_settings().key
    return sent or (own.get_secret_value() if own else "")


def _capture(source: str, device: str) -> list[str]:
    """Return ffmpeg's command that writes PCM to its standard output."""
    if source:
        origin = ["-re", "-i", str(existing(source))]
    else:
        kind, usual = _CAPTURES.get(sys.platform, _CAPTURES["linux"])
        origin = ["-f", kind, "-i", device or usual]
    pcm = ["-vn", "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    return ["ffmpeg", "-v", "error", "-nostdin", *origin, *pcm]


class _LiveCaptions:
    """One stream of live captions."""

    def __init__(self, client: ServerClient, key: str, *, as_json: bool) -> None:
        self._client = client
        self._key = key
        self._as_json = as_json
        self._error: CommandError | None = None
        self._ended = threading.Event()

    def run(self, command: list[str], to: str) -> ExitCode:
        """Send what a command captures and print what comes back.

        Raises:
            CommandError: no server, no microphone, or the stream could not begin.
        """
        import socketio

        sio = socketio.Client(reconnection=True)
        start = {"target_lang": to} if to else {}
        sio.on("connect", lambda: sio.emit("start_stream", start, "/live"), "/live")
        sio.on("live_result", self._print, "/live")
        try:
            sio.connect(
                self._client.address,
                auth={"token": self._key} if self._key else None,
                transports=["websocket"],
                namespaces=["/live"],
            )
        except socketio.exceptions.ConnectionError as error:
            raise self._refused(str(error)) from None
        try:
            self._send(sio, command)
        finally:
            sio.disconnect()
        if self._error is not None:
            raise self._error
        return ExitCode.DONE

    def _refused(self, reason: str) -> CommandError:
        """Return why there is no connection; the socket itself tells no code, a route does."""
        self._client.post("/api/qc", data={"captions": _ANY_CAPTIONS})
        return CommandError(
            f"{self._client.address} takes no live captions: {reason}", ExitCode.UNREACHABLE
        )

    def _send(self, sio: Any, command: list[str]) -> None:
        capture = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        sound, errors = cast("IO[bytes]", capture.stdout), cast("IO[bytes]", capture.stderr)
        try:
            while part := sound.read(_CHUNK_BYTES):
                sio.emit("audio_chunk", {"audio": part}, "/live")
            if capture.wait() != 0:
                reason = errors.read().decode(errors="replace").strip()
                raise CommandError(
                    f"no sound could be captured: {reason}",
                    ExitCode.NO_INPUT,
                    advice="--device names a microphone as ffmpeg does",
                )
        finally:
            if capture.poll() is None:
                capture.kill()
            capture.wait()
        # A silence ends the last line; then its text is waited for, until no other one is begun.
        self._ended.clear()
        for _ in range(8):
            sio.emit("audio_chunk", {"audio": bytes(_CHUNK_BYTES)}, "/live")
        sio.emit("stop_stream", None, "/live")
        while self._ended.wait(_LAST_S):
            sio.sleep(_MORE_S)
            if self._ended.is_set():
                return

    def _print(self, line: dict[str, Any]) -> None:
        status = line.get("status")
        if status == "error":
            self._error = server_error(str(line.get("error")), "live")
        if self._as_json:
            shown = {name: _jsonable(value) for name, value in line.items()}
            print(json.dumps({"event": "live", **shown}), flush=True)
        elif status == "final":
            from app.logs import plain

            print(plain(str(line.get("translatedText") or line.get("text"))), flush=True)
        if status in ("final", "error"):
            self._ended.set()
        else:
            self._ended.clear()


def _jsonable(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
