"""A filter subprocess: bytes to its standard input, bytes from its standard output."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.errors import InternalError, SpeechError
from app.system.subprocesses import running

_MAX_OUTPUT_BYTES = 64 * 2**20
"""Much more than the speech of a thousand characters takes."""


async def run_filter(command: Sequence[str], data: bytes) -> bytes:
    """Run a filter subprocess and return its output; it is killed when the caller is cancelled.

    Args:
        command: program and arguments.
        data: its standard input.

    Raises:
        SpeechError: it cannot be started, fails or writes too much.
        ResourceLimitError: it needs more memory or time than it may.
    """
    try:
        async with running(command, stdin=True) as child:
            excess = SpeechError("The speech is too long")
            output = await child.exchange(data, _MAX_OUTPUT_BYTES, excess)
            status = await child.wait()
            child.check_limits("Speaking the text")
            if status != 0:
                raise SpeechError(f"{command[0]} failed")
            return output
    except InternalError as error:
        raise SpeechError(error.message) from None
