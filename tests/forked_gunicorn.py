"""gunicorn, forked from one process that has imported the application already.

``python -m tests.forked_gunicorn`` reads a JSON object a line on its standard input and answers
each with a line. An import of everything takes longer than what most tests do with a server; the
server itself is the same, from reading its settings on.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import tempfile
from typing import Any

_PR_SET_PDEATHSIG = 1
"""Of prctl(2)."""


def import_all() -> None:
    """Import what a server with a usual engine imports; nothing here reads settings."""
    import faster_whisper  # noqa: F401
    import gunicorn.app.wsgiapp  # noqa: F401
    import numpy.random  # noqa: F401
    import uvicorn_worker  # noqa: F401

    import app.gpu.engines.silero_vad
    import app.gpu.engines.whisperx.whisperx_transcriber
    import app.main
    import app.routers.edge.bounded_http
    import app.routers.edge.bounded_websocket  # noqa: F401


def serve(order: dict[str, Any]) -> None:
    """Become a server: the leader of its own session, with its own environment and log."""
    os.setsid()
    # It dies with the process that it was forked from, as that dies with the tests.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(order["env"])
    tempfile.tempdir = None
    sys.argv = ["gunicorn", "-c", "gunicorn.conf.py", order["app"]]
    from gunicorn.app.wsgiapp import run

    run()


def start(order: dict[str, Any]) -> int:
    """Fork a server; return its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        serve(order)
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Start a server for each order with an environment, and reap the others' processes."""
    import_all()
    # Every server would go through the modules, and so copy their pages, with a collection.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        answer = start(order) if "env" in order else os.waitpid(order["reap"], 0)[1]
        print(answer, flush=True)


if __name__ == "__main__":
    main()
