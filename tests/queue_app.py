"""The real application, or the queue worker, with jobs that do what a test tells them to.

An input with ``parts`` yields them, one with ``answer`` returns it. Both first wait until the file
``until`` exists, where there is one. The name ``nan``, ``array``, ``bytes`` or ``defect`` stands
for what JSON cannot hold.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from app.domain.errors import MediaError
from app.main import create_app
from app.submission.envelopes import envelope_table
from app.submission.envelopes.envelope import Envelope, EnvelopeJob

_ODD: dict[str, object] = {
    "nan": float("nan"),
    "array": {"scores": np.array([0.5, np.inf], np.float32), "count": np.int64(3)},
    "bytes": b"raw",
}


async def _begin(job: EnvelopeJob) -> None:
    await job.report({"stage": "begun"})
    if until := job.input.get("until"):
        while not Path(until).exists():
            await asyncio.sleep(0.02)
    if job.input.get("error"):
        raise MediaError(job.input["error"])


def _value(name: object) -> object:
    if name == "defect":
        raise RuntimeError("a defect at /srv/secret/path")
    if isinstance(name, str) and name.startswith("large "):
        return "x" * int(name.split()[1])
    return _ODD.get(name, name) if isinstance(name, str) else name


async def _parts(job: EnvelopeJob) -> AsyncGenerator[object, None]:
    await _begin(job)
    for part in job.input["parts"]:
        if isinstance(part, str) and part.startswith("wait "):
            while not Path(part.removeprefix("wait ")).exists():
                await asyncio.sleep(0.02)
            continue
        yield _value(part)


async def _answer(job: EnvelopeJob) -> object:
    await _begin(job)
    return _value(job.input["answer"])


def add_test_jobs() -> None:
    """Put these kinds ahead of the others."""
    envelope_table.ENVELOPES = (
        Envelope("parts", frozenset({"parts"}), parts=_parts),
        Envelope("answer", frozenset({"answer"}), answer=_answer),
        *envelope_table.ENVELOPES,
    )


async def _echo(request: Request) -> dict[str, object]:
    return {
        "query": request.query_params.multi_items(),
        "headers": dict(request.headers),
        "bytes": len(await request.body()),
    }


async def _bytes(request: Request) -> Response:
    return Response(bytes(range(256)), headers={"content-type": request.query_params["type"]})


async def _large() -> StreamingResponse:
    return StreamingResponse(iter([bytes(2**20)] * 21), media_type="video/mp4")


async def _held(until: str) -> str:
    while not Path(until).exists():
        await asyncio.sleep(0.02)
    return "done"


def application() -> FastAPI:
    """Return the application with these kinds of jobs, and routes that show what reached them."""
    add_test_jobs()
    app = create_app()
    app.add_api_route("/echo", _echo, methods=["GET", "POST", "PUT", "DELETE"])
    app.add_api_route("/bytes", _bytes, response_model=None)
    app.add_api_route("/held", _held, methods=["GET", "POST"])
    app.add_api_route("/large", _large, response_model=None)
    return app


if __name__ == "__main__":
    from app.worker import main

    add_test_jobs()
    if os.environ.get("TEST_SCRIPTED_ENGINES"):
        from tests.clients.scripted_engines import use_scripted_engines

        use_scripted_engines()
    main()
