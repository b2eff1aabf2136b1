"""`cuestream doctor`: what the server needs on this machine, and what to do where it lacks."""

from __future__ import annotations

import json

from app.cli.command_context import chosen_reporter, exit_of
from app.cli.exit_codes import ExitCode
from app.cli.machine_checks import CheckResult, machine_checks
from app.cli.service_checks import service_checks
from app.settings import read_settings

_COLOURS = {"ok": "green", "warning": "yellow", "broken": "bold red"}


def examine(*, as_json: bool, calls: bool) -> ExitCode:
    """Run every check and print it; return 8 where something needed is broken.

    Args:
        as_json: whether results are written as JSON.
        calls: whether a language model may be asked, which costs one token.
    """
    reporter = chosen_reporter(as_json=as_json, quiet=True)

    def work() -> ExitCode:
        settings = read_settings()
        results = [*machine_checks(settings), *service_checks(settings, calls=calls)]
        for result in results:
            _print(result, as_json=as_json)
        broken = any(result.state == "broken" for result in results)
        return ExitCode.BROKEN if broken else ExitCode.DONE

    return exit_of(work, reporter)


def _print(result: CheckResult, *, as_json: bool) -> None:
    if as_json:
        found = {"name": result.name, "state": result.state, "message": result.message}
        print(json.dumps({"event": "check", **found, "advice": result.advice}), flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    line = Text(f"{result.state:<8}", style=_COLOURS[result.state])
    line.append(f" {result.name}: {result.message}", style="default not bold")
    if result.advice and result.state != "ok":
        line.append(f"\n           {result.advice}", style="cyan not bold")
    Console().print(line, soft_wrap=True, highlight=False)
