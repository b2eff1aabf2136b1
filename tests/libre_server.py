"""A real HTTP server on loopback that speaks LibreTranslate's API and can misbehave."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.pretending import shout

Fault = Callable[[dict[str, Any]], tuple[int, Any]]
"""From a request's body to a status and an answer."""


class LibreServer:
    """The server, in a thread of its own.

    Attributes:
        languages: what ``/languages`` lists.
        script: how the next translations go wrong, one each.
        calls: bodies of the translations asked for.
    """

    def __init__(self) -> None:
        codes = ["en", "es", "pt-BR", "zh-Hans", "zh-Hant", "nb"]
        self.languages: list[dict[str, Any]] = [
            {"code": code, "name": code, "targets": codes} for code in codes
        ] + [{"code": "eo", "name": "Esperanto", "targets": ["en"]}]
        self.script: list[Fault] = []
        self.calls: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self, 200, outer.languages)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.calls.append(body)
                outer.answer(self, *outer.translate(body))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def translate(self, body: dict[str, Any]) -> tuple[int, Any]:
        if self.script:
            return self.script.pop(0)(body)
        return 200, {"translatedText": [shout(text, f"({body['target']})") for text in body["q"]]}

    def answer(self, handler: BaseHTTPRequestHandler, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def __enter__(self) -> LibreServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=10)
