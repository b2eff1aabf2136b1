"""A picture of the command `cuestream` at work: what it writes on a terminal, as SVG."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 92
_ROWS = 40
_LIMIT_S = 300
_LEAST_CUES = 4
_STOP_S = 30
_BETWEEN = range(55, 95)
"""Percent of the last stage at which a picture shows work that goes on."""

_PIECE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|(\r\n|\r|\n)|([^\x1b\r\n]+)|(.)", re.DOTALL)
_PERCENT = re.compile(r"(\d+) %")
_CUE = re.compile(r"^\d+:\d\d:\d\d ", re.MULTILINE)
_ESCAPE = re.compile(r"\x1b\[[?\d;]*[A-Za-z]")
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class TerminalScreen:
    """The lines of a terminal, with their colours, as far as rich moves on it.

    Rich writes a line, and removes lines from the last one upwards; so no column is needed.
    Source: ECMA-48 (CUU, EL, SGR).
    """

    def __init__(self) -> None:
        self._lines = [""]
        self._row = 0

    @property
    def text(self) -> str:
        """The lines with the escape sequences of their colours."""
        return "\n".join(self._lines).rstrip("\n")

    @property
    def plain(self) -> str:
        """The lines without colours."""
        return _ESCAPE.sub("", self.text)

    def write(self, output: str) -> None:
        """Take what a program writes; an escape sequence must not be cut."""
        for number, command, ending, text, _ in _PIECE.findall(output):
            if text:
                self._lines[self._row] += text
            elif ending in {"\n", "\r\n"}:
                self._row += 1
                if self._row == len(self._lines):
                    self._lines.append("")
            elif command == "m":
                self._lines[self._row] += f"\x1b[{number}m"
            elif command == "K":
                self._lines[self._row] = ""
            elif command == "A":
                self._row = max(0, self._row - int(number or 1))


def pictured_command(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run the command in a folder until it is at work; return what it shows as SVG.

    Args:
        words: its arguments.
        folder: that it runs in.
        environment: all that it gets, but for the kind of the terminal.

    Raises:
        RuntimeError: it ended, or was never at work, within `_LIMIT_S`.
    """
    screen = _screen_at_work(words, folder, environment)
    prompt = Text.from_markup(f"[bold green]$[/] cuestream {' '.join(words)}")
    return screen_svg([prompt, Text.from_ansi(screen.text)])


def screen_svg(lines: Sequence[Text]) -> str:
    """Return lines as a picture of a terminal; its font is the reader's own."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    for line in lines:
        console.print(line, highlight=False)
    svg = console.export_svg(title="cuestream")
    return _FONT_FACE.sub("", svg).replace("Fira Code", "DejaVu Sans Mono")


def _screen_at_work(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> TerminalScreen:
    """Return the screen of the command while it works; it is interrupted then."""
    terminal, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, COLUMNS, 0, 0))
    kind = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        [sys.executable, "-m", "app", *words],
        cwd=folder,
        env={**environment, **kind},
        stdin=side,
        stdout=side,
        stderr=side,
    )
    os.close(side)
    try:
        return _awaited(terminal, process)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(terminal)


def _awaited(terminal: int, process: subprocess.Popen[bytes]) -> TerminalScreen:
    """Read what is written until bars and cues stand on the screen."""
    deadline = time.monotonic() + _LIMIT_S
    written = b""
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            written += os.read(terminal, 2**16)
        except OSError:  # the other side is closed
            break
        screen = TerminalScreen()
        screen.write(written.decode("utf-8", "ignore"))
        percents = [int(found) for found in _PERCENT.findall(screen.plain)]
        cues = len(_CUE.findall(screen.plain))
        if cues >= _LEAST_CUES and percents and percents[-1] in _BETWEEN:
            return screen
    raise RuntimeError(f"the command was never at work:\n{written.decode('utf-8', 'replace')}")
