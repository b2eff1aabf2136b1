"""Subprocess of the apertium command."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from app.domain.errors import EngineLoadError, InternalError, TranslationError
from app.settings import child_environment
from app.system.subprocesses import Subprocess, running

_LIMIT_S = 60.0
"""Timeout of a batch, which takes about a quarter of a second."""

_MAX_OUTPUT_BYTES = 16 * 2**20
"""A batch has at most 16 lines."""

_STOP_S = 5.0
"""Seconds that a cancelled process may take to end by itself, and again after TERM, so that it
removes its temporary file."""

_TERM_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")
"""The command is a script that removes a temporary file at its end, which the KILL of other
children would leave behind. When we die its input ends too, which ends its whole pipeline."""


async def run_apertium(arguments: Sequence[str], text: bytes = b"") -> bytes:
    """Run ``apertium`` to its end and return its output.

    Args:
        arguments: of the command.
        text: its standard input.

    Raises:
        TranslationError: it cannot be started, fails, hangs or writes too much.
        ResourceLimitError: it needs more memory or time than it may.
    """
    command = [*_TERM_WITH_US, "apertium", *arguments]
    environment = {**child_environment(), "LC_ALL": "C.UTF-8"}
    try:
        async with running(command, stdin=True, environment=environment) as child:
            return await _exchange(child, text)
    except InternalError:
        raise TranslationError("Apertium cannot be started") from None


async def require_modes(modes: Sequence[str]) -> None:
    """Check that the command and its language pairs are installed.

    Raises:
        EngineLoadError: they are not; names the packages to install.
    """
    advice = "install the Debian packages apertium and apertium-eng-spa"
    try:
        installed = (await run_apertium(["-l"])).decode(errors="replace").split()
    except TranslationError as error:
        raise EngineLoadError(f"{error.message}: {advice}") from None
    if absent := [mode for mode in modes if mode not in installed]:
        raise EngineLoadError(f"Apertium lacks {' and '.join(absent)}: {advice}")


async def _exchange(child: Subprocess, text: bytes) -> bytes:
    ended = False
    try:
        async with asyncio.timeout(_LIMIT_S):
            excess = TranslationError("Apertium writes without end")
            output = await child.exchange(text, _MAX_OUTPUT_BYTES, excess)
            ended = True
            status = await child.wait()
            child.check_limits("Translating these lines")
            if status != 0:
                raise TranslationError("Apertium failed")
            return output
    except TimeoutError:
        raise TranslationError("Apertium did not answer in time") from None
    finally:
        if not ended:
            await _stop(child)


async def _stop(child: Subprocess) -> None:
    """Let the process end; the caller kills the rest of its group."""
    child.close_stdin()
    if not await _ends(child):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        await _ends(child)


async def _ends(child: Subprocess) -> bool:
    try:
        async with asyncio.timeout(_STOP_S):
            await child.wait()
    except TimeoutError:
        return False
    return True
