"""Exit codes of the command, and the errors that end it."""

from __future__ import annotations

from enum import IntEnum


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

ADVICE = {
    "invalid_language": "a language model translates all languages: set TRANSLATION_PROVIDER and "
    "its key where the server runs",
    "media_too_long": "MAX_DURATION_S of the server allows longer media",
    "no_speech": "nobody speaks in the track that was heard; --field audio_track=N hears another",
    "payload_too_large": "MAX_UPLOAD_MB of the server allows larger files",
    "source_bot_check": "the site refuses the server's address; docs/sites.md says what helps",
    "source_login_required": "the site wants a login; docs/sites.md says what helps",
    "translation_auth": "SERVER_API_KEY of the server is not a key of its translation provider",
    "unauthorized": "give the server's key by --key or CUESTREAM_API_KEY",
}
"""What helps against errors of some codes."""


def server_error(message: str, code: str, *, retryable: bool = False) -> CommandError:
    """Return an error that a server told.

    Args:
        message: one sentence for people.
        code: of the error.
        retryable: whether the same request may succeed later.
    """
    exit_code = ExitCode.TRY_LATER if retryable else ExitCode.FAILED
    if code in _KEY_CODES:
        exit_code = ExitCode.KEY
    return CommandError(message, exit_code, code, ADVICE.get(code, ""))


def combined(codes: list[ExitCode]) -> ExitCode:
    """Return the exit code of several inputs: the one that all failures share, else `FAILED`."""
    failures = {code for code in codes if code is not ExitCode.DONE}
    if not failures:
        return ExitCode.DONE
    return failures.pop() if len(failures) == 1 else ExitCode.FAILED
