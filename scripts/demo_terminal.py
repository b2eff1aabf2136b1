"""What the demonstration prints: lines, and below them what goes on."""

from __future__ import annotations

import shutil
import sys


class TerminalOutput:
    """Prints lines, and on a terminal a status line below them that changes."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._status = ""

    def line(self, text: str = "", style: str = "") -> None:
        """Print a line above the status."""
        self._wipe()
        styled = f"\033[{style}m{text}\033[0m" if self._terminal and style else text
        print(styled, flush=True)
        self._draw()

    def status(self, text: str) -> None:
        """Change the status; where it cannot change in place, print it when it is new."""
        if text == self._status:
            return
        self._wipe()
        self._status = text
        if self._terminal:
            self._draw()
        else:
            print(f"  {text}", flush=True)

    def done(self) -> None:
        """Remove the status."""
        self._wipe()
        self._status = ""

    def _wipe(self) -> None:
        if self._terminal:
            print("\r\033[K", end="")

    def _draw(self) -> None:
        if self._terminal and self._status:
            width = shutil.get_terminal_size().columns - 3
            print(f"  \033[2m{self._status[:width]}\033[0m", end="", flush=True)
