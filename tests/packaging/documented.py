"""Examples of the guides, as they stand, and a shell that runs them against a real server."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ELSEWHERE = {
    "cp .env.example ": "tests/packaging/test_docs.py",
    "docker ": "tests/packaging/test_image.py",
    "make demo": "tests/packaging/test_demo.py",
    "make serve": "tests/packaging/test_serve.py",
    "make simulate": "tests/test_simulation.py",
    "make subtitles": "tests/packaging/test_make_subtitles.py",
    "pipx install ": "tests/packaging/test_wheel.py",
    "scripts/update-ytdlp.sh": "tests/services/sources/ytdlp/test_updates.py",
    "supabase ": "tests/packaging/test_guide_commands.py",
}
"""Beginnings of commands that install things, run for ever, or need a container or an account, each
with the test of what it does. Their words are checked where they stand."""

_ASSIGNMENTS = re.compile(r"^(?:[A-Z_]+=\S* )+")
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STATUS = re.compile(r"^HTTP (\d{3}) (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        line: of its first line in the file, from 1.
        kind: what is written behind the fence.
        text: as it stands.
    """

    line: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Ran:
    """What a block did.

    Attributes:
        block: that was run.
        output: standard output.
        errors: standard error.
        statuses: status and address of each request, in order.
        folder: that it ran in.
    """

    block: Block
    output: str
    errors: str
    statuses: tuple[tuple[int, str], ...]
    folder: Path


def blocks_of(path: Path) -> list[Block]:
    """Return the fenced blocks of a guide, in order."""
    text = path.read_text("utf-8")
    return [
        Block(text[: found.start(2)].count("\n") + 1, found[1], found[2])
        for found in _FENCE.finditer(text)
    ]


@dataclass(frozen=True, slots=True)
class GuideRun:
    """Which blocks of a guide a test runs.

    Attributes:
        guide: path of it.
        test: path of the test, which takes them from `run_blocks`.
        pattern: what such a block contains; empty for all.
    """

    guide: str
    test: str
    pattern: str = ""


_EXAMPLES, _SITE = "tests/packaging/test_examples.py", "tests/packaging/test_docs_site.py"
_COMMANDS = "tests/packaging/test_guide_commands.py"

RUNS = (
    GuideRun("README.md", _EXAMPLES, r"make serve &"),
    GuideRun("README.md", _SITE, r"^cuestream "),
    GuideRun("docs/api.md", _EXAMPLES),
    GuideRun("docs/clients/plex.md", _COMMANDS),
    GuideRun("docs/load-balancer.md", _EXAMPLES, r"^curl "),
    GuideRun("docs/media.md", _COMMANDS),
    GuideRun("docs/pod.md", _EXAMPLES, r"^curl "),
    GuideRun("docs/queue-worker.md", _COMMANDS, r"/status/|--rp_serve_api"),
    GuideRun("docs/roles.md", "tests/routers/test_roles.py"),
    GuideRun("docs/scaling.md", _COMMANDS),
    GuideRun("docs/sites.md", _COMMANDS, r"^curl "),
    GuideRun("docs/start-cpu.md", _SITE, r"^(?:curl|cuestream) "),
    GuideRun("docs/start-gpu.md", _SITE, r"^cuestream "),
    GuideRun("docs/supabase.md", "tests/routers/test_batch_jobs.py", r"^curl "),
    GuideRun("docs/supabase.md", _COMMANDS, r"^psql "),
    GuideRun("docs/terminal.md", _SITE),
)
"""Every block of shell commands, but for those that are commands of `ELSEWHERE` alone."""


def shell_blocks(guide: str) -> list[Block]:
    """Return the blocks of shell commands of a guide, in order."""
    return [block for block in blocks_of(ROOT / guide) if block.kind in {"sh", "bash"}]


def is_elsewhere(line: str) -> bool:
    """Whether a line is a command that is run elsewhere."""
    return _ASSIGNMENTS.sub("", line).startswith(tuple(ELSEWHERE))


def is_run(run: GuideRun, block: Block) -> bool:
    """Whether a test runs a block."""
    return re.search(run.pattern, block.text, re.MULTILINE) is not None


def run_blocks(guide: str, test: str) -> list[Block]:
    """Return the blocks of a guide that a test runs.

    Args:
        guide: path of it.
        test: ``__file__`` of the test.
    """
    name = str(Path(test).resolve().relative_to(ROOT))
    runs = [run for run in RUNS if (run.guide, run.test) == (guide, name)]
    assert runs, f"{name} is not entered for {guide}"
    return [block for block in shell_blocks(guide) if any(is_run(run, block) for run in runs)]


def without_elsewhere(block: Block) -> Block:
    """Return a block without the commands that are run elsewhere."""
    lines = block.text.splitlines(keepends=True)
    return Block(block.line, block.kind, "".join(x for x in lines if not is_elsewhere(x)))


class GuideShell:
    """A shell in a folder of its own, whose curl reaches a server under documented addresses.

    Args:
        folder: where the blocks run; holds what they name.
        hosts: real host and port by the documented one, such as ``localhost:5001``.
        variables: of the environment.
        replaced: texts that stand for others in the blocks: addresses that are no local ones.
    """

    def __init__(
        self,
        folder: Path,
        hosts: Mapping[str, str],
        variables: Mapping[str, str] | None = None,
        replaced: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._replaced = dict(replaced or {})
        lines = ["silent", "show-error", 'noproxy = "*"']
        lines += [f'connect-to = "{host}:{real}"' for host, real in hosts.items()]
        lines.append('write-out = "%{stderr}\\nHTTP %{http_code} %{url}\\n"')
        (folder / ".curlrc").write_text("\n".join(lines) + "\n")
        self._environment = {**os.environ, "CURL_HOME": str(folder), **(variables or {})}

    def run(self, blocks: Sequence[Block]) -> list[Ran]:
        """Run blocks one after the other in one shell, which stops at the first that fails."""
        outputs = self._folder / "ran"
        outputs.mkdir()
        script = ["set -euo pipefail"]
        for number, block in enumerate(blocks):
            streams = f">{outputs}/{number}.out 2>{outputs}/{number}.err"
            script.append(f"{{\n{self._text(block)}\n}} {streams}")
        done = subprocess.run(
            ["bash", "-c", "\n".join(script)],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        ran = [
            _ran(block, outputs / str(number))
            for number, block in enumerate(blocks)
            if (outputs / f"{number}.out").exists()
        ]
        last = ran[-1] if ran else None
        assert done.returncode == 0, (done.stderr, last)
        return ran

    def _text(self, block: Block) -> str:
        text = block.text
        for documented, real in self._replaced.items():
            text = text.replace(documented, real)
        return text


def _ran(block: Block, output: Path) -> Ran:
    errors = output.with_suffix(".err").read_text(errors="replace")
    statuses = tuple((int(found[1]), found[2]) for found in _STATUS.finditer(errors))
    text = output.with_suffix(".out").read_text(errors="replace")
    return Ran(block, text, errors, statuses, output.parent.parent)
