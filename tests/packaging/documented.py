"""Examples of the guides, as they stand, and a shell that runs them against a real server."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
