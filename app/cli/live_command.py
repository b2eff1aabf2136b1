"""`cuestream live`: a microphone, or a file in its place, as live captions."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

from app.cli.command_context import chosen_reporter, chosen_server, exit_of, terminal_settings
from app.cli.exit_codes import CommandError, ExitCode, server_error
from app.cli.file_commands import existing
from app.cli.job_reporter import JobReporter
from app.cli.server_client import ServerClient
from app.logs import plain

_CHUNK_BYTES = 8000
"""A quarter of a second of 16-bit mono sound at 16 kHz."""

_CAPTURES = {
    "linux": ("pulse", "default"),
    "darwin": ("avfoundation", ":default"),
    "win32": ("dshow", "audio=default"),
}
"""ffmpeg's way to a microphone, and the usual one. Source: ffmpeg's documentation of devices."""

_ANY_CAPTIONS = "1\n00:00:00,000 --> 00:00:01,000\nHello\n"

_LOADING, _NO_STREAM, _LEAVING = (
    "The models are loading",
    "No stream is open",
    "The server is shutting down",
)
"""What errors say that pass by themselves, that nothing can follow, and after which another server
has to be found."""

_WAITS_S = (1, 2, 4, 8, 15, 30)
"""Seconds before each new try to connect."""

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
    reporter = chosen_reporter(as_json=as_json, quiet=False)

    def work() -> ExitCode:
        command = _capture(source, device)
        with chosen_server(server, key, reporter) as (client, _):
            known = key or _known_key(client)
            return _LiveCaptions(client, known, reporter, as_json=as_json).run(command, to)

    return exit_of(work, reporter)


def _known_key(client: ServerClient) -> str:
    sent = client.http.headers.get("X-API-Key", "")
    own = terminal_settings().key
    return sent or (own.get_secret_value() if own else "")


def _capture(source: str, device: str) -> list[str]:
    """Return ffmpeg's command that writes PCM to its standard output."""
    if source:
        # A name with a colon would be the address of a protocol.
        origin = ["-re", "-i", f"file:{existing(source)}"]
    else:
        kind, usual = _CAPTURES.get(sys.platform, _CAPTURES["linux"])
        origin = ["-f", kind, "-i", device or usual]
    pcm = ["-vn", "-ac", "1", "-ar", "16000", "-f", "s16le", "-"]
    return ["ffmpeg", "-v", "error", "-nostdin", *origin, *pcm]


class _LiveCaptions:
    """One stream of live captions.

    Args:
        client: of the server.
        key: of the server; empty for none.
        reporter: shows cut connections.
        as_json: whether lines are written as JSON.
    """

    def __init__(
        self, client: ServerClient, key: str, reporter: JobReporter, *, as_json: bool
    ) -> None:
        self._client = client
        self._key = key
        self._reporter = reporter
        self._as_json = as_json
        self._start: dict[str, str] = {}
        self._sio: Any = None
        self._error: CommandError | None = None
        self._unwritten: OSError | None = None
        self._over = threading.Event()
        self._left = threading.Event()
        self._ended = threading.Event()

    def run(self, command: list[str], to: str) -> ExitCode:
        """Send what a command captures and print what comes back.

        Raises:
            CommandError: no server, no microphone, or a line or the stream failed.
        """
        self._start = {"target_lang": to} if to else {}
        self._connect()
        try:
            self._send(command)
        finally:
            self._sio.disconnect()
        if self._unwritten is not None:
            raise self._unwritten
        if self._error is not None:
            raise self._error
        return ExitCode.DONE

    def _connect(self) -> None:
        import socketio

        # Whatever connects has to begin the stream anew ahead of its sound, so nothing else does.
        self._sio = socketio.Client(reconnection=False)
        self._sio.on("live_result", self._print, "/live")
        try:
            self._sio.connect(
                self._client.address,
                auth={"token": self._key} if self._key else None,
                transports=["websocket"],
                namespaces=["/live"],
            )
            self._sio.emit("start_stream", self._start, "/live")
        except socketio.exceptions.SocketIOError as error:
            raise self._refused(str(error)) from None

    def _refused(self, reason: str) -> CommandError:
        """Return why there is no connection; a socket has no error codes, a route has."""
        self._client.post("/api/qc", data={"captions": _ANY_CAPTIONS})
        return CommandError(
            f"{self._client.address} takes no live captions: {reason}", ExitCode.UNREACHABLE
        )

    def _emit(self, name: str, content: object) -> None:
        import socketio

        try:
            if self._left.is_set():
                self._sio.disconnect()
            self._sio.emit(name, content, "/live")
        except socketio.exceptions.SocketIOError:
            self._connect_again()
            self._sio.emit(name, content, "/live")

    def _connect_again(self) -> None:
        reason = "what was said meanwhile may be missing"
        for wait_s in _WAITS_S:
            self._reporter.reconnecting("live", reason, wait_s)
            time.sleep(wait_s)
            self._left.clear()
            try:
                self._connect()
            except CommandError as error:
                if error.exit_code not in (ExitCode.UNREACHABLE, ExitCode.TRY_LATER):
                    raise
                failed = error
            else:
                return
        raise failed

    def _send(self, command: list[str]) -> None:
        with _captured(command) as sound:
            while (part := sound.read(_CHUNK_BYTES)) and not self._over.is_set():
                self._emit("audio_chunk", {"audio": part})
        if self._over.is_set():
            return
        # A silence ends the last line; then its text is waited for, until no other one is begun.
        self._ended.clear()
        for _ in range(8):
            self._emit("audio_chunk", {"audio": bytes(_CHUNK_BYTES)})
        self._emit("stop_stream", None)
        while self._ended.wait(_LAST_S):
            self._sio.sleep(_MORE_S)
            if self._ended.is_set() and not self._left.is_set():
                return
            if self._left.is_set():
                break
        if self._left.is_set() or not self._sio.connected:
            raise CommandError("the connection was cut before the last line", ExitCode.TRY_LATER)

    def _print(self, line: dict[str, Any]) -> None:
        """Print a line; called by a thread of the socket's, in which no error is seen."""
        try:
            self._show(line)
        except OSError as error:
            self._unwritten = error
            self._over.set()

    def _show(self, line: dict[str, Any]) -> None:
        status = line.get("status")
        reason = plain(str(line.get("error")))
        if status == "error":
            if _LEAVING in reason:
                self._left.set()
            elif not reason.startswith(_LOADING):
                self._error = server_error(reason, "live")
                if reason.startswith(_NO_STREAM):
                    self._over.set()
        if self._as_json:
            shown = {name: _jsonable(value) for name, value in line.items()}
            print(json.dumps({"event": "live", **shown}), flush=True)
        elif status == "final":
            print(plain(str(line.get("translatedText") or line.get("text"))), flush=True)
        elif status == "error" and not self._over.is_set():
            self._reporter.notice("live", reason)
        if status in ("final", "error"):
            self._ended.set()
        else:
            self._ended.clear()


@contextmanager
def _captured(command: list[str]) -> Iterator[IO[bytes]]:
    """Run a command that writes sound.

    Raises:
        CommandError: it cannot be run, or it failed.
    """
    try:
        capture = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except OSError as error:
        text = f"{command[0]} cannot be run: {error.strerror}"
        raise CommandError(text, advice="`cuestream doctor` says what to do") from None
    sound, errors = cast("IO[bytes]", capture.stdout), cast("IO[bytes]", capture.stderr)
    try:
        yield sound
        if not sound.read(1) and capture.wait() != 0:
            reason = plain(errors.read().decode(errors="replace").strip())
            raise CommandError(
                f"no sound could be captured: {reason}",
                ExitCode.NO_INPUT,
                advice="--device names a microphone as ffmpeg does",
            )
    finally:
        if capture.poll() is None:
            capture.kill()
        capture.wait()


def _jsonable(value: object) -> object:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
