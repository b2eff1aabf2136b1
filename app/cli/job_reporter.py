"""Reporters of a run: for a person, for a script, and one for errors alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from app.cli.exit_codes import CommandError, ExitCode


class JobReporter(Protocol):
    """Receives every event of a run."""

    def waiting(self, text: str) -> None:
        """Something is waited for that is no job."""

    def begun(self, name: str, *, resumed: bool) -> None:
        """Work on an input begins, or goes on."""

    def job(self, job_id: str) -> None:
        """The server has begun a job for it."""

    def stage(self, payload: dict[str, Any]) -> None:
        """The job has got further; the payload is a stage of the API's stream."""

    def cues(self, cues: Sequence[dict[str, Any]]) -> None:
        """Cues came, in milliseconds, each once."""

    def notice(self, code: str, message: str) -> None:
        """Something could not be done, or not as well as usual."""

    def reconnecting(self, name: str, reason: str, wait_s: float) -> None:
        """The connection was cut and is made again."""

    def written(self, name: str, path: Path, result: dict[str, Any]) -> None:
        """A file was written."""

    def skipped(self, name: str, reason: str) -> None:
        """An input was left out."""

    def failed(self, name: str, error: CommandError) -> None:
        """An input or the whole run failed."""

    def ended(self, code: ExitCode) -> None:
        """The run is over."""


class QuietReporter:
    """Shows errors alone."""

    def waiting(self, text: str) -> None:
        """Say nothing."""

    def begun(self, name: str, *, resumed: bool) -> None:
        """Say nothing."""

    def job(self, job_id: str) -> None:
        """Say nothing."""

    def stage(self, payload: dict[str, Any]) -> None:
        """Say nothing."""

    def cues(self, cues: Sequence[dict[str, Any]]) -> None:
        """Say nothing."""

    def notice(self, code: str, message: str) -> None:
        """Say nothing."""

    def reconnecting(self, name: str, reason: str, wait_s: float) -> None:
        """Say nothing."""

    def written(self, name: str, path: Path, result: dict[str, Any]) -> None:
        """Say nothing."""

    def skipped(self, name: str, reason: str) -> None:
        """Say nothing."""

    def failed(self, name: str, error: CommandError) -> None:
        """Print the error and what helps."""
        from app.logs import plain, plain_lines

        code = f" ({error.code})" if error.code else ""
        label = f"{plain(name)}: " if name else ""
        print(f"error: {label}{plain_lines(error.message)}{code}", file=sys.stderr)
        if error.advice:
            print(f"  {error.advice}", file=sys.stderr)

    def ended(self, code: ExitCode) -> None:
        """Say nothing."""


class JsonReporter:
    """Writes an object a line on standard output; ``docs/terminal.md`` lists them."""

    def _write(self, event: str, **fields: object) -> None:
        print(json.dumps({"event": event, **fields}, ensure_ascii=True), flush=True)

    def waiting(self, text: str) -> None:
        """Write `waiting`."""
        self._write("waiting", message=text)

    def begun(self, name: str, *, resumed: bool) -> None:
        """Write `begun`."""
        self._write("begun", input=name, resumed=resumed)

    def job(self, job_id: str) -> None:
        """Write `job`."""
        self._write("job", job_id=job_id)

    def stage(self, payload: dict[str, Any]) -> None:
        """Write `stage`."""
        kept = ("stage", "message", "percent", "step", "totalSteps", "eta")
        self._write("stage", **{name: payload[name] for name in kept if name in payload})

    def cues(self, cues: Sequence[dict[str, Any]]) -> None:
        """Write `cues`."""
        self._write("cues", cues=list(cues))

    def notice(self, code: str, message: str) -> None:
        """Write `notice`."""
        self._write("notice", code=code, message=message)

    def reconnecting(self, name: str, reason: str, wait_s: float) -> None:
        """Write `reconnecting`."""
        self._write("reconnecting", input=name, reason=reason, wait_s=wait_s)

    def written(self, name: str, path: Path, result: dict[str, Any]) -> None:
        """Write `written`."""
        kept = ("language", "target_lang", "duration_ms", "job_id", "quality", "usage")
        shown = {field: result[field] for field in kept if result.get(field) is not None}
        self._write("written", input=name, path=str(path), **shown)

    def skipped(self, name: str, reason: str) -> None:
        """Write `skipped`."""
        self._write("skipped", input=name, reason=reason)

    def failed(self, name: str, error: CommandError) -> None:
        """Write `failed`."""
        reason = {"message": error.message, "code": error.code, "advice": error.advice}
        self._write("failed", input=name, **reason, exit_code=int(error.exit_code))

    def ended(self, code: ExitCode) -> None:
        """Write `ended`."""
        self._write("ended", exit_code=int(code))
