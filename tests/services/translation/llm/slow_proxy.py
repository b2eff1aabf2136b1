"""Loopback proxy in front of a model server that passes its events on slowly, one by one."""

from __future__ import annotations

import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError


class SlowProxy:
    """The proxy. It works on one answer at a time: others wait for their turn in silence.

    Args:
        url: base address of the server.
        tokens_per_s: events of all streams together.

    Attributes:
        requests: chat completions so far.
    """

    def __init__(self, url: str, *, tokens_per_s: float) -> None:
        self.requests = 0
        self._turn = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:
                self._answer(urllib.request.Request(url + self.path.removeprefix("/v1")))

            def do_POST(self) -> None:
                proxy.requests += 1
                body = self.rfile.read(int(self.headers["content-length"]))
                kind = {"content-type": "application/json"}
                with proxy._turn:
                    target = url + self.path.removeprefix("/v1")
                    self._answer(urllib.request.Request(target, body, kind), 1 / tokens_per_s)

            def _answer(self, request: urllib.request.Request, pause_s: float = 0.0) -> None:
                try:
                    response = urllib.request.urlopen(request)
                except HTTPError as error:
                    response = error
                with response:
                    self.send_response(response.status)
                    self.send_header("content-type", response.headers["content-type"])
                    self.end_headers()
                    for line in response:
                        self.wfile.write(line)
                        if line.startswith(b"data:"):
                            time.sleep(pause_s)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> SlowProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
