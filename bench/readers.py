"""Memory of the server for one more reader.

One job stands still, because its language model does not answer, so its readers get heartbeats
and nothing else. The worker's resident memory is read with some readers and with
many; the difference belongs to the readers between. The first ones count for neither: they pay
for what any first reader makes Python allocate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from bench.figure import BenchError, Figure, Goal
from bench.health import drain
from bench.measure import BenchEnvironment
from bench.recording import TALK
from bench.serving import Server, serving
from bench.wire import Stream, follow, upload
from tests.chat_server import ChatServer

READER_KIB = Goal("sse_reader_kib", 50, "KiB")

_SOME = 100
_MANY = 1000
_AT_A_TIME = 25
_LOOK_S = 0.1
_LOOKS = 600
_MINUTES = 1
_TIMEOUT_S = "3600"
"""Longer than the measurement, so that no request to the model ends."""
_UNTIL_ALL_HEARD_S = 15.0
"""Longer than the server's own heartbeat, so that each reader has been sent one."""


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the worker's memory for one reader."""
    media = environment.recordings.get(TALK, _MINUTES)
    async with AsyncExitStack() as stack:
        model = stack.enter_context(ChatServer())
        model.hold_after = 0
        server = await stack.enter_async_context(serving(**_settings(model)))
        environment.progress.step(f"readers: {_MANY} streams of a job that stands still")
        owner = await stack.enter_async_context(upload(server.port, media, target_lang="es"))
        _keep_reading(stack, owner)
        await _until_asked(model)
        await server.rest()
        some = await _resident_bytes(stack, server, owner.job_id, _SOME)
        many = await _resident_bytes(stack, server, owner.job_id, _MANY - _SOME)
    environment.progress.step(
        f"readers: {some / 2**20:.1f} MiB with {_SOME}, {many / 2**20:.1f} MiB with {_MANY}"
    )
    return [READER_KIB.reached((many - some) / (_MANY - _SOME) / 1024)]


async def _resident_bytes(stack: AsyncExitStack, server: Server, job_id: str, more: int) -> int:
    """Open more readers; return the worker's memory once every one was sent something."""
    for _ in range(0, more, _AT_A_TIME):
        opening = [
            stack.enter_async_context(follow(server.port, job_id)) for _ in range(_AT_A_TIME)
        ]
        for stream in await asyncio.gather(*opening):
            _keep_reading(stack, stream)
    await asyncio.sleep(_UNTIL_ALL_HEARD_S)
    return int(server.worker.memory_info().rss)


def _keep_reading(stack: AsyncExitStack, stream: Stream) -> None:
    reading = asyncio.create_task(drain(stream))
    stack.callback(reading.cancel)


async def _until_asked(model: ChatServer) -> None:
    """Wait until the server has something to translate."""
    for _ in range(_LOOKS):
        if model.calls:
            return
        await asyncio.sleep(_LOOK_S)
    raise BenchError("the model was never asked")


def _settings(model: ChatServer) -> dict[str, str]:
    """Return the settings of a server that translates by a model server."""
    return {
        "LLM_PROVIDER": "openai_compatible",
        "SERVER_API_URL": model.url,
        "SERVER_MODEL": "bench",
        "TRANSLATION_TIMEOUT_S": _TIMEOUT_S,
        "MAX_CONNECTIONS": str(4 * _MANY),  # one address gets half of them at most
    }
