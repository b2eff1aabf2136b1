"""A real HTTP server on loopback that speaks OpenAI's speech protocol and can misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class SpeechSite(ThreadingHTTPServer):
    """The server.

    Attributes:
        audio: what it answers with.
        status: of its answers.
        answers: status and audio of some texts, which come before those of all others.
        asked: bodies of the requests so far.
        keys: their ``Authorization`` headers.
        peak: most requests under way at a time.
        gate: an answer waits until it is set.
        left: set when a client left while its answer waited.
    """

    daemon_threads = True

    def __init__(self, audio: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.audio = audio
        self.status = 200
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.peak = self.under_way = 0
        self.gate = threading.Event()
        self.gate.set()
        self.left = threading.Event()
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: SpeechSite

    def do_POST(self) -> None:
        site = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with site.counting:
            site.asked.append(body)
            site.keys.append(self.headers["Authorization"])
            site.under_way += 1
            site.peak = max(site.peak, site.under_way)
        try:
            try:
                self._wait()
            finally:
                # Before the answer: whoever has read it may ask again before this thread goes on.
                with site.counting:
                    site.under_way -= 1
            status, audio = site.answers.get(body["input"], (site.status, site.audio))
            self.send_response(status if self.path == "/v1/audio/speech" else 404)
            self.send_header("Content-Type", "audio/mpeg")
            self.send_header("Content-Length", str(len(audio)))
            self.end_headers()
            self.wfile.write(audio)
        except OSError:
            site.left.set()

    def _wait(self) -> None:
        self.connection.settimeout(0.05)
        while not self.server.gate.is_set():
            try:
                if not self.connection.recv(1):
                    raise ConnectionResetError
            except TimeoutError:
                continue
        self.connection.settimeout(None)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def speech_site(audio: bytes) -> Iterator[SpeechSite]:
    """Run the server within the block."""
    site = SpeechSite(audio)
    thread = threading.Thread(target=site.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.gate.set()
        site.shutdown()
        site.server_close()
        thread.join()
