"""One run of the apertium command."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

from app.domain.errors import EngineLoadError, TranslationError
from app.settings import child_environment

_LIMIT_S = 60.0
"""A batch takes about a quarter of a second; after this long the run hangs."""

_STOP_S = 2.0
"""How long a stopped run may take to remove its temporary file."""

_DIES_WITH_US = ("setpriv", "--pdeathsig", "TERM", "--")
"""TERM and not KILL: the command is a script that removes its temporary file at its end, and
only KILL takes that end away. Its pipeline stops by itself when our end of the pipe closes."""


async def run_apertium(arguments: Sequence[str], text: bytes = b"") -> bytes:
    """Run ``apertium`` to its end and return what it wrote.

    Args:
        arguments: after the command's name.
        text: its standard input.

    Raises:
        TranslationError: it cannot be started, fails or hangs.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *_DIES_WITH_US,
            "apertium",
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            start_new_session=True,
            env={**child_environment(), "LC_ALL": "C.UTF-8"},
        )
    except OSError:
        raise TranslationError("Apertium cannot be started") from None
    try:
        async with asyncio.timeout(_LIMIT_S):
            output, _ = await process.communicate(text)
    except TimeoutError:
        raise TranslationError("Apertium did not answer in time") from None
    finally:
        if process.returncode is None:
            await _stop(process)
    if process.returncode:
        raise TranslationError("Apertium failed")
    return output


async def require_modes(modes: Sequence[str]) -> None:
    """Check that the command and its language pairs are installed.

    Raises:
        EngineLoadError: they are not; names the packages to install.
    """
    advice = "install the Debian packages apertium and apertium-eng-spa"
    missing = [name for name in ("setpriv", "apertium") if shutil.which(name) is None]
    if missing:
        raise EngineLoadError(f"No command {' or '.join(missing)}: {advice} (and util-linux)")
    try:
        installed = (await run_apertium(["-l"])).decode(errors="replace").split()
    except TranslationError as error:
        raise EngineLoadError(f"{error.message}: {advice}") from None
    if absent := [mode for mode in modes if mode not in installed]:
        raise EngineLoadError(f"Apertium lacks {' and '.join(absent)}: {advice}")


async def _stop(process: Process) -> None:
    """End the run with every program of its pipeline."""
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
