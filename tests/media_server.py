"""A local media site: serves files, stalls, breaks off and redirects as its paths say."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHUNK_BYTES = 2**16


class MediaServer:
    """Serves the files that were given to it, by name.

    ``/stall/NAME`` sends half a file and then nothing, ``/held/NAME`` the other half once
    `released` is set; ``/chunked/NAME`` sends one in chunks and does not say how long it is;
    ``/redirect?to=URL`` answers 302; ``/status/NNN`` answers that status; anything else is a file.

    Attributes:
        etags: entity tags that are sent, by the file's name.
        released: lets the second halves of held files go.
    """

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.requests: list[str] = []
        self.etags: dict[str, str] = {}
        self.stopping = threading.Event()
        self.released = threading.Event()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.requests.append(self.path)
                site.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, path: Path) -> str:
        """Serve a file; return its address."""
        self.files[path.name] = path
        return f"{self.url}/{path.name}"

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        path = handler.path
        if path.startswith("/redirect?to="):
            handler.send_response(302)
            handler.send_header("Location", path.partition("=")[2])
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        file = self.files.get(path.partition("?")[0].rpartition("/")[2])
        if path.startswith("/status/") or file is None:
            status = int(path.removeprefix("/status/")) if path.startswith("/status/") else 404
            handler.send_response(status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if path.startswith("/chunked/"):
            self._send_chunks(handler, file.read_bytes())
            return
        until = {"/stall/": self.stopping, "/held/": self.released}
        held = next((event for start, event in until.items() if path.startswith(start)), None)
        self._send(handler, file.read_bytes(), held)

    def _send_chunks(self, handler: http.server.BaseHTTPRequestHandler, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/octet-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for place in range(0, len(body), _CHUNK_BYTES):
            chunk = body[place : place + _CHUNK_BYTES]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        handler.wfile.write(b"0\r\n\r\n")

    def _send(
        self,
        handler: http.server.BaseHTTPRequestHandler,
        body: bytes,
        until: threading.Event | None,
    ) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/octet-stream")
        handler.send_header("Content-Length", str(len(body)))
        if tag := self.etags.get(handler.path.rpartition("/")[2]):
            handler.send_header("ETag", tag)
        handler.end_headers()
        try:
            half = len(body) // 2 if until else 0
            handler.wfile.write(body[:half])
            while until and not until.is_set() and not self.stopping.is_set():
                time.sleep(0.05)
            if until is not self.stopping:
                handler.wfile.write(body[half:])
        except OSError:
            return

    def close(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def media_server() -> Iterator[MediaServer]:
    """Run a media site for a while."""
    site = MediaServer()
    try:
        yield site
    finally:
        site.close()
