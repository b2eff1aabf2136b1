"""A web site and language-model server that answers as its caller would least like it to."""

from __future__ import annotations

import gzip
import http.server
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_MIB = 2**20
_DRIP_EVERY_S = 5.0
_SILENT_S = 60.0

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class HostileSite:
    """Answers by path, see `_ANSWERS`; every other path is a file.

    Attributes:
        files: served by name.
        model_answer: how the next requests for chat completions are answered, by name.
    """

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self.model_answer = "endless_json"
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.answer(self)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.answer(self)

            def log_message(self, *_: object) -> None:
                return

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one request; the connection is closed afterwards."""
        handler.close_connection = True
        path = handler.path.partition("?")[0].strip("/")
        if path.endswith("chat/completions"):
            path = self.model_answer
        try:
            if path in _ANSWERS:
                _ANSWERS[path](handler)
            elif path in self.files:
                _head(handler, "application/octet-stream")
                handler.wfile.write(self.files[path].read_bytes())
            else:
                handler.send_error(404)
        except OSError:
            return  # It was given up, as it should be.

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def hostile_site() -> Iterator[HostileSite]:
    """Serve for the length of a block."""
    site = HostileSite()
    try:
        yield site
    finally:
        site.close()


def _head(handler: http.server.BaseHTTPRequestHandler, kind: str, **more: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Connection", "close")
    for name, value in more.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def _repeat(handler: http.server.BaseHTTPRequestHandler, piece: bytes, mib: int) -> None:
    block = piece * max(1, _MIB // len(piece))
    for _ in range(mib):
        handler.wfile.write(block)


def _gzip_twice(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Half a gigabyte of zeros in some kilobytes."""
    packed = gzip.compress(gzip.compress(bytes(_MIB)) * 512)
    _head(handler, "video/mp4", Content_Encoding="gzip, gzip", Content_Length=str(len(packed)))
    handler.wfile.write(packed)


def _endless_page(handler: http.server.BaseHTTPRequestHandler) -> None:
    _head(handler, "text/html")
    handler.wfile.write(b"<!doctype html><html><head><title>x</title></head><body>")
    _repeat(handler, b"<p>more</p>", 2500)


def _packed_page(handler: http.server.BaseHTTPRequestHandler) -> None:
    packed = gzip.compress(b"<p>more</p>" * 10_000) * 5_000
    _head(handler, "text/html", Content_Encoding="gzip", Content_Length=str(len(packed)))
    handler.wfile.write(packed)


def _endless_playlist(handler: http.server.BaseHTTPRequestHandler) -> None:
    _head(handler, "application/vnd.apple.mpegurl")
    handler.wfile.write(b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n")
    _repeat(handler, b"#EXTINF:5,\nx.ts\n", 500)


def _drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    _head(handler, "video/mp4", Content_Length="1000000")
    while True:
        handler.wfile.write(b"\0")
        handler.wfile.flush()
        time.sleep(_DRIP_EVERY_S)


def _silent(_: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(_SILENT_S)


def _tracks_page(handler: http.server.BaseHTTPRequestHandler) -> None:
    _head(handler, "text/html")
    handler.wfile.write(b"<video><track srclang=" + b" " * 2_000_000 + b"<track srclang=" * 60_000)


def _endless_json(handler: http.server.BaseHTTPRequestHandler) -> None:
    _head(handler, "application/json")
    handler.wfile.write(b'{"choices": [{"message": {"content": "')
    _repeat(handler, b"x", 500)


def _packed_json(handler: http.server.BaseHTTPRequestHandler) -> None:
    packed = gzip.compress(b"x" * _MIB) * 2_000
    _head(handler, "application/json", Content_Encoding="gzip")
    handler.wfile.write(packed)


def _one_event(handler: http.server.BaseHTTPRequestHandler) -> None:
    _head(handler, "text/event-stream")
    handler.wfile.write(b"data: ")
    _repeat(handler, b"x", 64)


def _nested_json(handler: http.server.BaseHTTPRequestHandler) -> None:
    _head(handler, "application/json")
    handler.wfile.write(b"[" * 1_000_000 + b"]" * 1_000_000)


_ANSWERS: Mapping[str, Answer] = {
    "gzip_twice.mp4": _gzip_twice,
    "endless_page": _endless_page,
    "packed_page": _packed_page,
    "endless.m3u8": _endless_playlist,
    "drip.mp4": _drip,
    "silent": _silent,
    "tracks_page": _tracks_page,
    "endless_json": _endless_json,
    "packed_json": _packed_json,
    "one_event": _one_event,
    "nested_json": _nested_json,
}
