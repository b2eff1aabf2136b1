"""Exit codes of the command, and the errors that end it."""

from __future__ import annotations

from enum import IntEnum

from app.domain.error_advice import ADVICE


class ExitCode(IntEnum):
    """Exit codes; ``docs/terminal.md`` lists them."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    EXISTS = 3
    UNREACHABLE = 4
    KEY = 5
    NO_INPUT = 6
    FINDINGS = 7
    BROKEN = 8
    TRY_LATER = 9
    INTERRUPTED = 130
    TERMINATED = 143


class CommandError(Exception):
    """What was asked for cannot be done.

    Attributes:
        message: one sentence for people.
        exit_code: of the command, where this ends it.
        code: of the server's error; empty where the reason lies here.
        advice: what helps; empty where nothing is known.
    """

    def __init__(
        self,
        message: str,
        exit_code: ExitCode = ExitCode.FAILED,
        code: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.code = code
        self.advice = advice


_KEY_CODES = frozenset({"unauthorized"})


def server_error(message: str, code: str, *, retryable: bool = False) -> CommandError:
    """Return an error that a server has answered with.

    Args:
        message: one sentence for people.
        code: of the error.
        retryable: whether the same request may succeed later.
    """
    # What somebody cancelled is not to be tried again by a program.
    exit_code = ExitCode.TRY_LATER if retryable and code != "cancelled" else ExitCode.FAILED
    if code in _KEY_CODES:
        exit_code = ExitCode.KEY
    return CommandError(message, exit_code, code, ADVICE.get(code, ""))


def combined(codes: list[ExitCode]) -> ExitCode:
    """Return the exit code of several inputs: the one that all failures share, else `FAILED`."""
    failures = {code for code in codes if code is not ExitCode.DONE}
    if not failures:
        return ExitCode.DONE
    return failures.pop() if len(failures) == 1 else ExitCode.FAILED
