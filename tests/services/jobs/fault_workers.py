"""Real servers with an engine that takes a moment, forked from one process that has imported all.

``python -m tests.services.jobs.fault_workers`` reads ports on its standard input, starts a server
on each and writes its process id.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence

import uvicorn
from fastapi import FastAPI

from app.domain.transcript import Segment
from app.gpu import engine_manager
from app.gpu.protocols import Prepared
from app.main import create_app
from app.settings import Settings
from tests.clients.scripted_engines import Talker

_DECODE_S = float(os.environ.get("DECODE_S", "0.1"))


class SlowTalker(Talker):
    """The instant engine, which takes a moment for each batch."""

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        time.sleep(_DECODE_S)
        return super().decode(batch)


def application() -> FastAPI:
    """Return the application with this engine under the usual name."""
    engine_manager.VADS = {"silero": "tests.clients.scripted_engines:LoudVad"}
    engine = Settings().asr.engine
    engine_manager.TRANSCRIBERS = {engine: "tests.services.jobs.fault_workers:SlowTalker"}
    return create_app()


def serve(port: int) -> None:
    """Run a server until it is killed."""
    uvicorn.run(
        application(),
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="app.routers.edge.bounded_http:BoundedHttpProtocol",  # type: ignore[arg-type]
        log_level="warning",
        server_header=False,
    )


def main() -> None:
    """Fork a server for each line."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps them
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # process ids alone go there
            try:
                serve(int(line))
            finally:
                os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
