"""What all sub-commands share: the server that they ask, and how they end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

from app.cli.exit_codes import CommandError, ExitCode
from app.cli.job_reporter import JobReporter, JsonReporter, QuietReporter
from app.cli.own_server import own_server
from app.cli.server_client import ServerClient
from app.settings import SettingsError, TerminalSettings


def terminal_settings() -> TerminalSettings:
    """Return the command's own settings, without reading those of the server."""
    return TerminalSettings()


def chosen_reporter(*, as_json: bool, quiet: bool, live: bool = False) -> JobReporter:
    """Return who is told of a run."""
    if as_json:
        return JsonReporter()
    if quiet:
        return QuietReporter()
    from rich.console import Console

    from app.cli.rich_reporter import RichReporter

    return RichReporter(Console(stderr=True), live=live)


@contextmanager
def chosen_server(
    server: str,
    key: str,
    reporter: JobReporter,
    own_settings: Mapping[str, str] | None = None,
) -> Iterator[tuple[ServerClient, bool]]:
    """Open the server that was chosen, or one of the command's own.

    Args:
        server: address by an option; empty for that of the settings.
        key: by an option; empty for that of the settings.
        reporter: is told what is waited for.
        own_settings: variables of a server of the command's own.

    Yields:
        A client, and whether the server is the command's own.

    Raises:
        CommandError: the address is none, or no server can be started.
    """
    settings = terminal_settings()
    address = server or settings.server
    if not address:
        with own_server(own_settings or {}, reporter.waiting) as client:
            yield client, True
        return
    known = key or (settings.key.get_secret_value() if settings.key else "")
    client = ServerClient(address, known or None)
    try:
        yield client, False
    finally:
        client.close()


def exit_of(work: Callable[[], ExitCode], reporter: JobReporter) -> ExitCode:
    """Do a command's work and return its exit code, whatever ends it."""
    before = signal.signal(signal.SIGTERM, _terminated)
    try:
        code = work()
    except CommandError as error:
        reporter.failed("", error)
        code = error.exit_code
    except SettingsError as error:
        reporter.failed("", CommandError(f"these settings are wrong\n{error}", ExitCode.USAGE))
        code = ExitCode.USAGE
    except KeyboardInterrupt:
        reporter.skipped("interrupted", "the same command goes on where this one ended")
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Nobody reads any more; a second error at the interpreter's end would be told for nothing.
        sys.stdout = None
        code = ExitCode.FAILED
    finally:
        signal.signal(signal.SIGTERM, before)
    if sys.stdout is not None:
        reporter.ended(code)
    return code


def _terminated(number: int, frame: FrameType | None) -> None:
    raise SystemExit(ExitCode.TERMINATED)
