"""Rounds of Schemathesis against one server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HOOKS = Path(__file__).with_name("hooks.py")
CHECKS = (
    "no_defect",
    "listed_code",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)
"""Ours and Schemathesis' own. Whether a request is refused at all is not compared with its schema:
what is a language, or a caption file, no schema says."""

_MOST_CASES = 30
"""Of each operation in one round: what a round finds is told at its end, so the time should cut
off little."""

_REQUEST_TIMEOUT_S = 30


@dataclass
class FuzzFigures:
    """What became of the requests.

    Attributes:
        statuses: number of answers by route's name and status.
        codes: number of errors by code.
        reports: what Schemathesis wrote of each round that found something.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    reports: list[str] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """Number of requests that were answered."""
        return self.statuses.total()

    def lines(self) -> list[str]:
        """Return the figures for people."""
        by_status = Counter[int]()
        for (_, status), count in self.statuses.items():
            by_status[status] += count
        shown = ", ".join(f"{status}: {count}" for status, count in sorted(by_status.items()))
        failures = {code: count for code, count in sorted(self.codes.items())}
        return [
            f"{self.requests} requests to {len({name for name, _ in self.statuses})} operations",
            f"answers by status: {shown}",
            f"errors by code: {failures}",
            f"rounds with findings: {len(self.reports)}",
        ]


@dataclass(frozen=True, slots=True)
class FuzzTarget:
    """A running server.

    Attributes:
        url: of the server.
        key: one of its keys.
        known_ids: a value for each parameter of a path that names something.
        operations: how many the server's description has.
    """

    url: str
    key: str
    known_ids: Mapping[str, str]
    operations: int


def fuzz(
    target: FuzzTarget, folder: Path, requests: int, limit_s: float, *, brief: bool = False
) -> FuzzFigures:
    """Send at least so many requests, unless the time ends before.

    Args:
        target: receives them.
        folder: for notes.
        requests: wanted number.
        limit_s: no round begins after it, and none goes on for longer than it.
        brief: one round alone, without the cases that are the same in every run.
    """
    figures = FuzzFigures()
    began_s = time.monotonic()
    seed = 1
    while figures.requests < requests and (left_s := limit_s - time.monotonic() + began_s) > 0:
        phases = "fuzzing" if brief or seed > 1 else "examples,coverage,fuzzing"
        cases = (requests - figures.requests) // target.operations
        cases = max(1, min(cases, _MOST_CASES))
        tally = folder / f"round-{seed}.jsonl"
        output, failed = _round(target, tally, (phases, cases, seed), left_s)
        _count(tally, figures)
        if failed:
            figures.reports.append(output)
        seed += 1
        if brief:
            break
    return figures


def _round(
    target: FuzzTarget, tally: Path, plan: tuple[str, int, int], limit_s: float
) -> tuple[str, bool]:
    """Run Schemathesis once; return what it wrote, and whether it found something."""
    phases, cases, seed = plan
    tally.touch()
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{target.url}/openapi.json"]
    command += ["-H", f"X-API-Key: {target.key}", "--checks", ",".join(CHECKS)]
    command += ["--phases", phases, "--max-examples", str(cases), "--seed", str(seed)]
    command += ["--continue-on-failure", "--generation-database", "none", "--no-color"]
    command += ["--request-timeout", str(_REQUEST_TIMEOUT_S), "--warnings", "off"]
    command += ["--suppress-health-check", "all", "--no-shrink"]
    env = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "FUZZ_KNOWN_IDS": json.dumps(dict(target.known_ids)),
        "FUZZ_TALLY": str(tally),
    }
    try:
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=limit_s, cwd=tally.parent
        )
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
        text = output.decode(errors="replace") if isinstance(output, bytes) else output
        return text, "FAILURES" in text
    return done.stdout + done.stderr, done.returncode != 0


def _count(tally: Path, figures: FuzzFigures) -> None:
    for line in tally.read_text().splitlines():
        name, status, code = json.loads(line)
        figures.statuses[name or "", status] += 1
        if code:
            figures.codes[code] += 1
