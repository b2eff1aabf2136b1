"""A real HTTP server on loopback that speaks the chat-completions protocol and can misbehave.

In tests::

    with ChatServer() as server:
        server.script(status(500), drop("2"))  # the first two answers; fine ones follow
        ...  # SERVER_API_URL=server.url
        assert len(server.calls) == 3

For a demonstration: ``python tests/chat_server.py --port 8123``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import uvicorn

from tests.chat_behaviours import BEHAVIOURS, Behaviour, Call, Reply, fine
from tests.pretending import shout

__all__ = ["ChatServer", "Condense", "Translate", "read_call", "shout"]

Translate = Callable[[str, str], str]
"""Text and name of the target language to translation."""

Condense = Callable[[str, int], str]
"""A translation that is too long, and the characters that it may have, to a shorter one."""

_BYTES_PER_TOKEN = 4
"""As the server counts; OpenAI's tokens of English are about as long."""


def unchanged(text: str, _: int) -> str:
    """Condense as a model does that cannot."""
    return text


class ChatServer:
    """The server, in a thread of its own.

    Args:
        translate: what a faultless answer holds.
        chunk_chars: characters in one event of the stream.
        first_s, chunk_s: seconds before the first event and before each one after it.
        tokens_per_s: speed of one stream, in place of ``chunk_s``.
        streams: whether it streams when asked to; otherwise it answers in one piece.
        slots: requests that it works on at a time; it lets others wait in silence, in order.
        condense: how it shortens what is too long.

    Attributes:
        behaviour: of every call that no script says otherwise for.
        calls: requests so far, in order of arrival.
        peak: most requests under way at a time.
        abandoned: requests whose client left before the end.
        gate: a call that got here waits until it is set; ``hold_after`` says where.
        hold_after: characters of the answer after which the gate is waited for; None for never.
        prompt_tokens, completion_tokens: of all requests that were not refused.
        tells_usage: whether it says how many they are when asked to.
        probes: requests for the list of models.
        dead: whether it accepts connections and answers nothing at all.
    """

    def __init__(
        self,
        translate: Translate = shout,
        *,
        chunk_chars: int = 7,
        first_s: float = 0.0,
        chunk_s: float = 0.0,
        tokens_per_s: float | None = None,
        streams: bool = True,
        slots: int | None = None,
        condense: Condense = unchanged,
        port: int = 0,
    ) -> None:
        self.behaviour: Behaviour = fine
        self.calls: list[Call] = []
        self.peak = self.abandoned = 0
        self._under_way: set[int] = set()
        self.gate = threading.Event()
        self.hold_after: int | None = None
        self.prompt_tokens = self.completion_tokens = 0
        self.tells_usage = True
        self.probes = 0
        self.dead = False
        self._slots = asyncio.Semaphore(slots) if slots else contextlib.nullcontext()
        self._translate, self._condense = translate, condense
        self._paced = tokens_per_s is not None
        if tokens_per_s is not None:
            chunk_s = chunk_chars / _BYTES_PER_TOKEN / tokens_per_s
        self._chunk_chars, self._first_s, self._chunk_s = chunk_chars, first_s, chunk_s
        self._streams = streams
        self._script: list[Behaviour] = []
        self._socket = socket.create_server(("127.0.0.1", port))
        options: dict[str, Any] = {"interface": "asgi3", "lifespan": "off", "log_level": "critical"}
        config = uvicorn.Config(self._serve, loop="asyncio", **options)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def under_way(self) -> int:
        """Requests whose answer is not all sent."""
        return len(self._under_way)

    @property
    def url(self) -> str:
        """Base address, for SERVER_API_URL."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def script(self, *behaviours: Behaviour) -> None:
        """Say how the next calls behave, one each."""
        self._script.extend(behaviours)

    def __enter__(self) -> ChatServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    def run(self) -> None:
        """Serve in this thread until interrupted."""
        self._server.run(sockets=[self._socket])

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if self.dead:
            await _until_gone(receive)
            return
        if scope["path"] == "/v1/models":
            self.probes += 1
            await _send_json(send, 200, {"object": "list", "data": []})
            return
        if scope["path"] != "/v1/chat/completions":
            await _send_json(send, 404, {"error": {"message": "no such route", "code": None}})
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        call = read_call(headers, json.loads(body))
        self.calls.append(call)
        number = len(self.calls)
        self._under_way.add(number)
        self.peak = max(self.peak, self.under_way)

        async def send_piece(message: Any) -> None:
            # Not after the last piece: whoever has read it may ask again before this goes on.
            if message["type"] == "http.response.body" and not message["more_body"]:
                self._under_way.discard(number)
            await send(message)

        try:
            await self._respond(call, receive, send_piece)
        finally:
            self._under_way.discard(number)

    async def _respond(self, call: Call, receive: Any, send: Any) -> None:
        behaviour = self._script.pop(0) if self._script else self.behaviour
        reply = behaviour(call, Reply(tuple(self._members(call))))
        if reply.status != 200:
            await _send_json(send, reply.status, {"error": reply.error}, reply.headers)
            return
        self.prompt_tokens += call.prompt_tokens
        if reply.end == "lost":
            await _until_gone(receive)
            self.abandoned += 1
            return
        gone = asyncio.create_task(_until_gone(receive))
        answering = asyncio.create_task(self._stream_in_turn(call, reply, send))
        await asyncio.wait([gone, answering], return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            self.abandoned += 1
            answering.cancel()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await asyncio.gather(answering, return_exceptions=answering.cancelled())

    async def _stream_in_turn(self, call: Call, reply: Reply, send: Any) -> None:
        async with self._slots:
            await self._stream(call, reply, send)

    async def _stream(self, call: Call, reply: Reply, send: Any) -> None:
        await asyncio.sleep(self._first_s)
        answer = reply.answer(call.form)
        if not self._streams or not call.body.get("stream"):
            self.completion_tokens += _tokens(answer)
            if self._paced:
                await asyncio.sleep(len(answer) / self._chunk_chars * self._chunk_s)
            message = {"role": "assistant", "content": answer}
            choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
            usage = _usage(call, answer) if self.tells_usage else {}
            await _send_json(send, 200, _envelope("chat.completion", [choice]) | usage)
            return
        await _start(send, 200, [("content-type", "text/event-stream")])
        await _event(send, _delta({"role": "assistant", "content": ""}))
        sent = ""
        try:
            async for piece in self._pieces(answer, reply.end_after):
                sent += piece
                await _event(send, _delta({"content": piece}))
        finally:
            self.completion_tokens += _tokens(sent)
        if reply.error_event is not None:
            await _event(send, {"error": reply.error_event})
        elif reply.end == "hang":
            await asyncio.Event().wait()
        elif reply.end == "disconnect":
            raise ConnectionAbortedError  # uvicorn cuts the connection in the middle
        else:
            await _event(send, _delta({}, reply.finish_reason))
            if self.tells_usage and (call.body.get("stream_options") or {}).get("include_usage"):
                await _event(send, _envelope("chat.completion.chunk", []) | _usage(call, sent))
        await _body(send, b"data: [DONE]\n\n", more=False)

    def _members(self, call: Call) -> Iterator[tuple[str, str]]:
        for key, text in call.lines.items():
            if key in call.sources:
                yield key, self._condense(text, call.rooms[key])
            else:
                yield key, self._translate(text, call.into)

    async def _pieces(self, answer: str, end_after: int | None) -> AsyncIterator[str]:
        text = answer[:end_after]
        sent = 0
        clock_s = asyncio.get_running_loop().time
        due_s = clock_s()
        for piece in _cut_up(text, self._chunk_chars):
            if self.hold_after is not None and sent >= self.hold_after:
                await asyncio.to_thread(self.gate.wait)
            yield piece
            sent += len(piece)
            # By the clock: a machine that is late with one piece must not be late with all.
            due_s += self._chunk_s
            await asyncio.sleep(due_s - clock_s() if self._paced else self._chunk_s)


def _cut_up(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


def read_call(headers: dict[str, str], body: dict[str, Any]) -> Call:
    """Return what a request asks for."""
    text = str(body["messages"][-1]["content"])
    document = _document(text, "subtitles") or {"lines": {"1": text}}
    lines = document["lines"]
    full = {key: line for key, line in lines.items() if isinstance(line, dict)}
    return Call(
        body=body,
        authorization=headers.get("authorization", ""),
        lines={key: full[key]["text"] if key in full else lines[key] for key in lines},
        before=document.get("before", []),
        into=document.get("into", ""),
        rooms={key: line["max_chars"] for key, line in full.items()},
        sources={key: line["source"] for key, line in full.items() if "source" in line},
        job=_document(text, "job"),
        headers=headers,
    )


def _document(text: str, tag: str) -> dict[str, Any]:
    fenced = re.search(rf"<{tag}>\n(.*?)\n</{tag}>", text, re.DOTALL)
    return dict(json.loads(fenced[1])) if fenced else {}


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def _usage(call: Call, answer: str) -> dict[str, Any]:
    counts = call.prompt_tokens, _tokens(answer)
    return {
        "usage": {
            "prompt_tokens": counts[0],
            "completion_tokens": counts[1],
            "total_tokens": sum(counts),
        }
    }


def _envelope(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "chat-1", "object": kind, "created": 0, "model": "test", "choices": choices}


def _delta(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _envelope("chat.completion.chunk", [choice])


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _start(send: Any, code: int, headers: Iterable[tuple[str, str]]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    await send({"type": "http.response.start", "status": code, "headers": raw})


async def _body(send: Any, data: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def _event(send: Any, data: dict[str, Any]) -> None:
    await _body(send, f"data: {json.dumps(data)}\n\n".encode(), more=True)


async def _send_json(
    send: Any, code: int, data: dict[str, Any], headers: Iterable[tuple[str, str]] = ()
) -> None:
    await _start(send, code, [("content-type", "application/json"), *headers])
    await _body(send, json.dumps(data).encode(), more=False)


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mode", choices=BEHAVIOURS, default="fine")
    parser.add_argument("--chunk-chars", type=int, default=7, help="characters in one event")
    parser.add_argument("--first-s", type=float, default=0.3, help="seconds to the first event")
    parser.add_argument("--chunk-s", type=float, default=0.02, help="seconds between events")
    options = parser.parse_args()
    server = ChatServer(
        chunk_chars=options.chunk_chars,
        first_s=options.first_s,
        chunk_s=options.chunk_s,
        port=options.port,
    )
    server.behaviour = BEHAVIOURS[options.mode]
    print(f"SERVER_API_URL={server.url}", flush=True)
    server.run()


if __name__ == "__main__":
    main()
