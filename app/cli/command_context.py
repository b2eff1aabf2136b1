"""What all sub-commands share: the server that they ask, and how they end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from app.cli.exit_codes import CommandError, ExitCode
from app.cli.file_writing import give_up_stdout
from app.cli.job_reporter import JobReporter, JsonReporter, QuietReporter
from app.cli.own_server import own_server
from app.cli.server_client import ServerClient
from app.settings import SettingsError, TerminalSettings
from app.system.interrupts import keyboard_interrupts


def terminal_settings() -> TerminalSettings:
    """Return the command's own settings, without reading those of the server."""
    return TerminalSettings()


def chosen_reporter(*, as_json: bool, quiet: bool, live: bool = False) -> JobReporter:
    """Return the reporter of a run."""
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
        reporter: shows what is waited for.
        own_settings: variables of a server of the command's own.

    Yields:
        A client, and whether the server is the command's own.

    Raises:
        CommandError: the address is none, or no server can be started.
    """
    client = named_server(server, key)
    if client is None:
        with own_server(own_settings or {}, reporter.waiting) as own:
            yield own, True
        return
    with closing(client):
        yield client, False


def named_server(server: str, key: str) -> ServerClient | None:
    """Return a client of the server that an option or the settings name; None without one.

    Args:
        server: address by an option; empty for that of the settings.
        key: by an option; empty for that of the settings.

    Raises:
        CommandError: the address is none.
    """
    settings = terminal_settings()
    address = server or settings.server
    if not address:
        return None
    known = key or (settings.key.get_secret_value() if settings.key else "")
    return ServerClient(address, known or None)


GOES_ON = "the same command goes on where this one ended"
BEGINS_ANEW = "the same command begins anew"
"""What somebody is told who has interrupted a command."""


def way_back(server: str) -> str:
    """Return what somebody is told who interrupts work on files: a server elsewhere keeps it.

    Args:
        server: address by an option; empty for that of the settings.
    """
    return GOES_ON if server or terminal_settings().server else BEGINS_ANEW


def exit_of(
    work: Callable[[], ExitCode], reporter: JobReporter, interrupted: str = BEGINS_ANEW
) -> ExitCode:
    """Do a command's work and return its exit code, whatever ends it.

    Args:
        work: of the command.
        reporter: is told how it ends.
        interrupted: what somebody is told who has interrupted it.
    """
    with keyboard_interrupts() as came:
        try:
            code = _reported(work, reporter)
            reporter.ended(code)
        except KeyboardInterrupt:
            code = ExitCode.TERMINATED if signal.SIGTERM in came else ExitCode.INTERRUPTED
            _report_interrupt(code, reporter, interrupted)
        except OSError as error:  # of standard output, that a reporter writes to
            code = ExitCode.FAILED
            give_up_stdout()
            if not isinstance(error, BrokenPipeError):
                print(f"error: nothing can be written: {error.strerror}", file=sys.stderr)
    return code


def _reported(work: Callable[[], ExitCode], reporter: JobReporter) -> ExitCode:
    try:
        return work()
    except CommandError as error:
        reporter.failed("", error)
        return error.exit_code
    except SettingsError as error:
        reporter.failed("", CommandError(f"these settings are wrong\n{error}", ExitCode.USAGE))
        return ExitCode.USAGE
    except OSError as error:
        if error.filename is None:
            raise  # of a stream
        failure = CommandError(f"{error.filename}: {error.strerror}", ExitCode.NO_INPUT)
        reporter.failed("", failure)
        return failure.exit_code


def _report_interrupt(code: ExitCode, reporter: JobReporter, text: str) -> None:
    what = "terminated" if code is ExitCode.TERMINATED else "interrupted"
    try:
        reporter.skipped(what, text)
        reporter.ended(code)
    except OSError:
        give_up_stdout()
