"""Progress of jobs on a terminal: a bar for each stage, time left and speed, and cues."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.text import Text

from app.cli.exit_codes import CommandError, ExitCode
from app.logs import plain, plain_lines


class RichReporter:
    """Prints to standard error, so that standard output is left for results.

    Args:
        console: of standard error.
        live: whether cues are printed as they come.
    """

    def __init__(self, console: Console, *, live: bool) -> None:
        self._console = console
        self._live = live
        self._bars = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<13}"),
            BarColumn(bar_width=28),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[left]}", style="cyan"),
            TextColumn("{task.fields[speed]}", style="green"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._over: set[TaskID] = set()
        self._begun_s = 0.0
        self._media_ms = 0

    def waiting(self, text: str) -> None:
        """Print what is waited for."""
        self._print(Text(f"{text} ...", style="dim"))

    def begun(self, name: str, *, resumed: bool) -> None:
        """Begin bars of its own for an input."""
        self._begun_s, self._media_ms = time.monotonic(), 0
        self._print(Text(f"{'going on with ' if resumed else ''}{plain(name)}", style="bold"))
        self._bars.start()

    def job(self, job_id: str) -> None:
        """Say nothing: the id is for scripts."""

    def stage(self, payload: dict[str, Any]) -> None:
        """Move the bar of a stage; those ahead of it are over."""
        name = str(payload.get("stage", ""))
        self._end_others(name)
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=100, left="", speed="")
            if not self._console.is_terminal:
                self._print(Text(f"  {name}: {plain(str(payload.get('message', '')))}"))
        left = f"{plain(str(payload['eta']))} left" if payload.get("eta") else ""
        percent = float(payload.get("percent", 0))
        task = self._tasks[name]
        if task in self._over:  # it has begun anew
            self._over.remove(task)
            self._bars.reset(task)
        self._bars.update(task, completed=percent, left=left, speed=self._speed())

    def _end_others(self, name: str) -> None:
        """Mark the stages that are over now that one of this name has come.

        A stage's percentage is that of the whole job, so a bar stands still wherever the next one
        began. A job that failed leaves its stage where it was, and one that waits again, since
        another worker begins it anew, has done none of what was under way.
        """
        if name == "failed":
            return
        for other, task in list(self._tasks.items()):
            if other == name or task in self._over:
                continue
            if name == "waiting" and other != "uploading":
                self._bars.remove_task(self._tasks.pop(other))
                continue
            self._over.add(task)
            self._bars.update(task, completed=100, left="", speed="")

    def cues(self, cues: Sequence[dict[str, Any]]) -> None:
        """Print cues, where that is wanted."""
        self._media_ms = max([self._media_ms, *(int(cue["end"]) for cue in cues)])
        if not self._live:
            return
        for cue in cues:
            line = Text(f"{_clock(int(cue['start']))}  ", style="dim")
            shown = str(cue.get("translatedText") or cue["text"])
            line.append(plain_lines(shown).replace("\n  | ", " / "), style="default not dim")
            self._print(line)

    def notice(self, code: str, message: str) -> None:
        """Print a notice."""
        self._print(Text(f"note: {plain(message)} ({plain(code)})", style="yellow"))

    def reconnecting(self, name: str, reason: str, wait_s: float) -> None:
        """Print that the connection was cut."""
        said = f"the connection was cut ({plain(reason)}); again in {wait_s:.0f} s"
        self._print(Text(said, style="yellow"))

    def written(self, name: str, path: Path, result: dict[str, Any]) -> None:
        """Print where the result is, and how quick it was."""
        self._clear()
        took_s = time.monotonic() - self._begun_s
        media_s = int(result.get("duration_ms") or 0) / 1000
        quick = f"  {media_s:.0f} s in {took_s:.0f} s" if media_s else ""
        self._print(Text(plain(str(path)), style="bold green").append(quick, style="dim"))

    def skipped(self, name: str, reason: str) -> None:
        """Print what was left out."""
        self._clear()
        self._print(Text(f"{plain(name)}: {plain(reason)}", style="yellow"))

    def failed(self, name: str, error: CommandError) -> None:
        """Print an error and what helps."""
        self._clear()
        label = f"{plain(name)}: " if name else ""
        code = f" ({plain(error.code)})" if error.code else ""
        self._print(Text(f"error: {label}{plain_lines(error.message)}{code}", style="bold red"))
        if error.advice:
            self._print(Text(f"  {error.advice}"))

    def ended(self, code: ExitCode) -> None:
        """Remove the bars."""
        self._clear()

    def _clear(self) -> None:
        self._bars.stop()
        for task in self._tasks.values():
            self._bars.remove_task(task)
        self._tasks.clear()
        self._over.clear()

    def _speed(self) -> str:
        took_s = time.monotonic() - self._begun_s
        if not self._media_ms or took_s <= 0:
            return ""
        return f"{self._media_ms / 1000 / took_s:.1f}x"

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True, highlight=False)


def _clock(time_ms: int) -> str:
    seconds = time_ms // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
