"""Real HTTP servers on loopback that engines call: OpenAI's audio API, RunPod's queue."""

from __future__ import annotations

import base64
import io
import json
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass
class Call:
    """A request that a server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, list[bytes]]:
        """The parts of a multipart form, by name."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        parts: dict[str, list[bytes]] = {}
        for part in message.iter_parts():  # type: ignore[attr-defined]
            name = part.get_param("name", header="content-disposition")
            parts.setdefault(name, []).append(part.get_payload(decode=True))
        return parts


@dataclass
class Reply:
    """An answer; ``drop`` closes the connection without one."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


Respond = Callable[[Call], Reply]


class CalledServer:
    """A server whose answers a test decides.

    Args:
        respond: decides.
        most: requests that one connection is answered; at the next one it is closed without an
            answer. None for no limit.
    """

    def __init__(self, respond: Respond, most: int | None = None) -> None:
        self.respond = respond
        self.most = most
        self.calls: list[Call] = []
        self.lock = threading.Lock()
        self.now = self.peak = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            answered = 0

            def handle_any(self) -> None:
                if self.answered == outer.most:
                    self.close_connection = True
                    return
                self.answered += 1
                outer.answer(self)

            do_GET = do_POST = handle_any  # noqa: N815 - the names of http.server

            def log_message(self, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        call = Call(handler.command, handler.path, headers, body)
        with self.lock:
            self.calls.append(call)
            self.now += 1
            self.peak = max(self.peak, self.now)
        try:
            reply = self.respond(call)
        finally:
            with self.lock:
                self.now -= 1
        if reply.drop:
            handler.close_connection = True
            return
        data = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        try:
            handler.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            handler.close_connection = True  # the client has left

    def paths(self) -> list[str]:
        with self.lock:
            return [f"{call.method} {call.path}" for call in self.calls]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def called_server(respond: Respond, most: int | None = None) -> Iterator[CalledServer]:
    """Run a server for the length of a block."""
    server = CalledServer(respond, most)
    try:
        yield server
    finally:
        server.close()


def samples_of(wav: bytes) -> NDArray[np.float32]:
    """Return the samples of a WAV file."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, 16_000, 2)
        pcm = file.readframes(file.getnframes())
    return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768


Work = Callable[[dict[str, Any]], Reply]
"""Turns a job's input into the answer of ``/status`` once it has ended."""


def completed(output: Any) -> Reply:
    """Return the status of a job that has ended well."""
    return Reply({"status": "COMPLETED", "output": output, "executionTime": 5})


class QueueApi:
    """RunPod's API for any number of endpoints.

    Args:
        work: by the id of the endpoint.

    Attributes:
        polls_before: polls of a job that find it waiting, by endpoint; a cold worker.
        cancelled: ids of jobs that were cancelled, with their endpoint.
        jobs: inputs of all jobs that were handed in, with their endpoint.
    """

    def __init__(self, work: dict[str, Work]) -> None:
        self.work = work
        self.polls_before: dict[str, float] = {}
        self.jobs: list[tuple[str, dict[str, Any]]] = []
        self.cancelled: list[tuple[str, str]] = []
        self.order: list[str] = []
        self._polls: dict[str, int] = {}

    def __call__(self, call: Call) -> Reply:
        assert call.headers["authorization"] == "Bearer rp-secret"
        _, version, endpoint, action, *rest = call.path.split("/")
        assert version == "v2"
        if action == "run":
            assert set(call.json) == {"input", "policy"}
            self.jobs.append((endpoint, call.json["input"]))
            self.order.append(f"run {endpoint}")
            return Reply({"id": f"job-{len(self.jobs) - 1}", "status": "IN_QUEUE"})
        number = int(rest[0].removeprefix("job-"))
        if action == "cancel":
            self.cancelled.append((endpoint, rest[0]))
            return Reply({"id": rest[0], "status": "CANCELLED"})
        assert action == "status"
        seen = self._polls[rest[0]] = self._polls.get(rest[0], 0) + 1
        if seen <= self.polls_before.get(endpoint, 0):
            return Reply({"id": rest[0], "status": "IN_QUEUE" if seen % 2 else "IN_PROGRESS"})
        reply = self.work[endpoint](self.jobs[number][1])
        self.order.append(f"end {endpoint}")
        return reply


def audio_in(job_input: dict[str, Any]) -> NDArray[np.float32]:
    """Return the samples of a job's input."""
    assert job_input["audio_format"] == "wav"
    return samples_of(base64.b64decode(job_input["audio"]))
