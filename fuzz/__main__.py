"""``python -m fuzz``: random requests from the API's description against a real server on loopback.

The server loads no engine and transcribes nothing; captions, translations, speech, uploads, jobs
and their streams are real. A language model's server on loopback answers at once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fuzz.rounds import FuzzTarget, fuzz
from tests.chat_server import ChatServer
from tests.server import DEAF, ServerProcess

KEY = "fuzz-key"
_DEFECT = "request failed by a defect"
_SHOWN_CHARS = 12_000
"""Of the server's log after each defect: its traceback."""
_CAPTIONS = "1\n00:00:01,000 --> 00:00:03,500\nWhere do you want to go?\n"


def main() -> int:
    """Send the requests and print what became of them; return 1 where something was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--limit-s", type=float, default=1800.0, help="no longer than this")
    wanted = parser.parse_args()
    began_s = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as name,
        fuzz_target(Path(name) / "server") as (server, target),
    ):
        folder = Path(name) / "rounds"
        folder.mkdir()
        figures = fuzz(target, folder, wanted.requests, wanted.limit_s)
        log = server.log
    for report in figures.reports:
        print(report)
    defects = log.count(_DEFECT)
    for part in log.split(_DEFECT)[1:]:
        print(f"{_DEFECT}{part[:_SHOWN_CHARS]}")
    print("\n".join([*figures.lines(), f"defects in the server's log: {defects}"]))
    print(f"{time.monotonic() - began_s:.0f} s")
    if figures.requests < wanted.requests:
        print(f"the time ended before {wanted.requests} requests")
        return 1
    # A round that the time cut off reports nothing: what it counted tells.
    return int(bool(figures.reports or defects or figures.codes["internal"]))


@contextmanager
def fuzz_target(folder: Path) -> Iterator[tuple[ServerProcess, FuzzTarget]]:
    """Start a server with a finished job and an upload that has begun."""
    folder.mkdir(exist_ok=True)
    with ChatServer() as model:
        server = ServerProcess(folder, {**_settings(model), **DEAF})
        try:
            server.wait_ready()
            yield server, FuzzTarget(server.url, KEY, _known_ids(server), _operations(server))
        finally:
            server.stop()


def _settings(model: ChatServer) -> dict[str, str]:
    return {
        "API_KEYS": KEY,
        "DOCS_OPEN": "true",
        "PY_API_TOKEN": "another-fuzz-key",
        "TRANSLATION_PROVIDER": "openai",
        "SERVER_API_KEY": "sk-fuzz",
        "SERVER_API_URL": model.url,
        "SERVER_MODEL": "test-model",
        "JOB_RETENTION_S": "7200",
        "LOG_LEVEL": "WARNING",
        # Answers that may come late begin to do so before the random client loses patience.
        "SYNC_KEEPALIVE_AFTER_S": "5",
    }


def _known_ids(server: ServerProcess) -> dict[str, str]:
    with server.client(headers={"X-API-Key": KEY}) as client:
        body = {"captions": _CAPTIONS, "captions_lang": "en", "target_lang": "es"}
        job = client.post("/api/process", json=body).raise_for_status().json()["job_id"]
        headers = {"Upload-Length": str(len(_CAPTIONS))}
        made = client.post("/api/uploads", headers=headers).raise_for_status()
    return {"job_id": job, "upload_id": made.headers["location"].rpartition("/")[2]}


def _operations(server: ServerProcess) -> int:
    with server.client() as client:
        paths = client.get("/openapi.json").raise_for_status().json()["paths"]
    return sum("responses" in operation for path in paths.values() for operation in path.values())


if __name__ == "__main__":
    raise SystemExit(main())
