"""``python -m abuse``: attack a real server on loopback, print a table, write docs/security.md.

The server runs with 4 GiB for its data, without rate limits and keys. A second caller pings it all
the time and has a job of his own done during every attack.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx

from abuse.attacks import ATTACKS
from abuse.caller import HostileCaller
from abuse.hostile_site import HostileSite, hostile_site
from abuse.watch import Watch, Watched
from app.system.thread_priority import lower_priority
from bench.document import write_part
from bench.machine import describe_machine
from tests.api_requests import stream_file
from tests.server import Frames, ServerProcess, free_port

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "security.md"
PART = "abuse"
_TALK = ROOT / "fixtures" / "talk" / "two-voices.mp4"

_DATA_BYTES = 4 * 2**30
RSS_MIB = 1024
PING_P99_MS = 250
PING_MAX_MS = 1000
"""Goals: memory above idle, and health checks on a machine that does nothing else."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attack.

    Attributes:
        answer: what the attacker was told.
        lost: why the other caller's job was lost; empty where it was done.
    """

    name: str
    answer: str
    seen: Watched
    lost: str

    @property
    def is_met(self) -> bool:
        """Whether every goal is met."""
        seen = self.seen
        in_time = seen.ping_p99_ms <= PING_P99_MS and seen.ping_max_ms <= PING_MAX_MS
        return in_time and seen.rss_mib <= RSS_MIB and not self.lost

    @property
    def cells(self) -> list[str]:
        """Return the row of the table."""
        seen = self.seen
        figures = [f"{seen.rss_mib:.0f}", f"{seen.ping_p99_ms:.0f}", f"{seen.ping_max_ms:.0f}"]
        return [self.name, self.answer, *figures, self.lost or "done"]


_HEADER = ["attack", "answer", "MiB above idle", "ping p99, ms", "ping max, ms", "other's job"]


def main() -> int:
    """Run the attacks that are named, or all; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="make abuse", description=__doc__)
    parser.add_argument("attack", nargs="*", help="parts of the attacks' names; all if none")
    wanted: list[str] = parser.parse_args().attack
    names = [name for name in ATTACKS if not wanted or any(part in name for part in wanted)]
    with tempfile.TemporaryDirectory() as folder, hostile_site() as site:
        outcomes = _all(Path(folder), site, names)
    if not wanted:
        write_part(PART, _table(outcomes), DOCUMENT)
    missed = [outcome.name for outcome in outcomes if not outcome.is_met]
    print(f"goals missed by: {', '.join(missed)}" if missed else "all goals met")
    return 1 if missed else 0


def _all(folder: Path, site: HostileSite, names: Sequence[str]) -> list[Outcome]:
    wyoming_port = free_port()
    server = _server(folder, site, wyoming_port)
    outcomes: list[Outcome] = []
    try:
        for number, name in enumerate(names):
            if server.process.poll() is not None:
                server = _server(folder, site, wyoming_port)
            caller = HostileCaller(server.port, site, folder, wyoming_port)
            outcomes.append(_one(server, caller, name, number))
            print(" | ".join(outcomes[-1].cells), flush=True)
    finally:
        server.stop()
    return outcomes


def _one(server: ServerProcess, caller: HostileCaller, name: str, number: int) -> Outcome:
    with (
        ThreadPoolExecutor(1) as pool,
        # Attackers would not compute on the server's machine: they get what it leaves.
        ThreadPoolExecutor(1, initializer=lower_priority) as attacker,
        Watch(server.process.pid, server.port) as watch,
    ):
        job = pool.submit(stream_file, server, _TALK, prompt=f"{number}", force_refresh="true")
        answer = attacker.submit(ATTACKS[name], caller).result()
        lost = _lost(job)
    return Outcome(name, answer, watch.seen, lost)


def _lost(job: Future[Frames]) -> str:
    """Wait for the other caller's job; return why it was lost, or nothing."""
    try:
        told = job.result().error
    except (httpx.HTTPError, AssertionError) as error:
        return type(error).__name__
    return str(told["code"]) if told else ""


def _server(folder: Path, site: HostileSite, wyoming_port: int) -> ServerProcess:
    settings = {
        "ALLOW_PRIVATE_URLS": "true",
        "TRANSLATION_PROVIDER": "openai_compatible",
        "SERVER_API_URL": f"{site.url}/v1",
        "SERVER_MODEL": "hostile",
        "LIVE_OPEN": "true",
        "WYOMING_PORT": str(wyoming_port),
    }
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_DATA_BYTES, limits[1]))
    try:
        server = ServerProcess(Path(tempfile.mkdtemp(dir=folder)), settings, executed=True)
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, limits)
    server.wait_ready()
    return server


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the table in Markdown with the machine that it was taken on."""
    rows = [_HEADER, ["---"] * len(_HEADER), *(outcome.cells for outcome in outcomes)]
    return [f"Taken on: {describe_machine()}.", "", *(f"| {' | '.join(row)} |" for row in rows)]


if __name__ == "__main__":
    sys.exit(main())
