"""Subprocess of the apertium command."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from app.domain.errors import EngineLoadError, InternalError
from app.settings import child_environment
from app.system.child_limits import FILTER, ChildLimits
from app.system.subprocesses import Subprocess, running

_LIST_S = 60.0
"""Timeout of the list of modes."""

_MOST_LIST_BYTES = 2**20

_STOP_S = 5.0
"""Seconds that a process may take to end by itself, and again after TERM, so that it removes its
temporary file."""

_TERM_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")
"""The command is a script that removes a temporary file at its end, which the KILL of other
children would leave behind. When we die its input ends too, which ends its whole pipeline."""


@asynccontextmanager
async def apertium(
    arguments: Sequence[str], limits: ChildLimits = FILTER
) -> AsyncIterator[Subprocess]:
    """Run ``apertium`` for as long as the block lasts; it ends by itself if it can.

    Args:
        arguments: of the command.
        limits: of the command with all programs that it starts.

    Raises:
        InternalError: it could not be started.
    """
    command = [*_TERM_WITH_US, "apertium", *arguments]
    environment = {**child_environment(), "LC_ALL": "C.UTF-8"}
    async with running(command, stdin=True, environment=environment, limits=limits) as child:
        try:
            yield child
        finally:
            await end(child)


async def end(child: Subprocess) -> None:
    """Let the command end and remove its file; whatever is left of it is killed with its block."""
    child.close_stdin()
    if not await _ends(child):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        await _ends(child)


async def require_modes(modes: Sequence[str]) -> None:
    """Check that the command and its language pairs are installed.

    Raises:
        EngineLoadError: they are not; names the packages to install.
    """
    advice = "install the Debian packages apertium and apertium-eng-spa"
    try:
        async with asyncio.timeout(_LIST_S), apertium(["-l"]) as child:
            excess = EngineLoadError(f"Apertium writes without end: {advice}")
            listed = await child.exchange(b"", _MOST_LIST_BYTES, excess)
    except InternalError:
        raise EngineLoadError(f"Apertium cannot be started: {advice}") from None
    except TimeoutError:
        raise EngineLoadError(f"Apertium did not answer in time: {advice}") from None
    installed = listed.decode(errors="replace").split()
    if absent := [mode for mode in modes if mode not in installed]:
        raise EngineLoadError(f"Apertium lacks {' and '.join(absent)}: {advice}")


async def _ends(child: Subprocess) -> bool:
    """Return whether it has ended after a while; what it writes meanwhile is lost."""
    try:
        async with asyncio.timeout(_STOP_S):
            while await child.stdout.read(2**16):
                pass
            await child.wait()
    except TimeoutError:
        return False
    return True
