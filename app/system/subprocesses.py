"""A child process that ends with the block that started it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from typing import Literal

from app.domain.errors import InternalError, ResourceLimitError
from app.settings import child_environment
from app.system.child_limits import FILTER, ChildLimits
from app.system.child_usage import usage_of
from app.system.spawn import ChildProcess, spawn

STDERR_TAIL_BYTES = 4096
"""How much of the end of a child's stderr is stored."""

_PIPE_BUFFER_BYTES = 2**15
"""asyncio stops reading a pipe once it holds twice this much."""

_REAP_S = 5.0
"""How long a killed group may take to close its pipes. Only a stuck disk takes longer."""

_WATCH_S = 0.2
"""How often a child's use is measured; it takes some 50 us."""

_NO_MEMORY = re.compile(r"(?i)cannot allocate memory|out of memory|\boom\b|memoryerror|bad_alloc")
"""What programs say when the kernel gives them no more memory."""

OnLine = Callable[[str], None]

Resource = Literal["memory", "processor time", "time", "disk"]


class Subprocess:
    """A running child process.

    Attributes:
        stdout: its standard output; a slow reader slows it down.
        exceeded: the resource of which it needed more than it may, once it has ended for that
            reason; None otherwise.
    """

    def __init__(self, process: ChildProcess, on_line: OnLine | None, limits: ChildLimits) -> None:
        self.exceeded: Resource | None = None
        self._limits = limits
        self._killed = False
        self._watcher = asyncio.create_task(self._watch())
        self.stdout = process.stdout
        self._process = process
        self._stderr = bytearray()
        self._stderr_reader = asyncio.create_task(self._read_stderr(on_line))

    @property
    def pid(self) -> int:
        """Process id; also the id of its group."""
        return self._process.pid

    @property
    def stderr(self) -> str:
        """The last `STDERR_TAIL_BYTES` of its stderr so far."""
        return self._stderr.decode("utf-8", "replace")

    async def write(self, data: bytes) -> bool:
        """Write to its stdin, waiting while its pipe is full.

        Returns:
            Whether it still reads; otherwise it has ended or closed its stdin.
        """
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing():
            return False
        try:
            stdin.write(data)
            await stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    async def exchange(self, data: bytes, most_bytes: int, excess: Exception) -> bytes:
        """Send its whole input, and return its whole output.

        Args:
            data: its input; nothing may be written to its stdin besides.
            most_bytes: of its output.
            excess: raised where there is more.
        """
        _, output = await asyncio.gather(self._send_all(data), self._read_all(most_bytes, excess))
        return output

    async def _send_all(self, data: bytes) -> None:
        await self.write(data)
        self.close_stdin()

    async def _read_all(self, most_bytes: int, excess: Exception) -> bytes:
        output = bytearray()
        while data := await self.stdout.read(2**16):
            output += data
            if len(output) > most_bytes:
                raise excess
        return bytes(output)

    def close_stdin(self) -> None:
        """Close its stdin."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def wait(self) -> int:
        """Wait until it has ended and its stderr was read; return its exit status."""
        await asyncio.wait([self._stderr_reader])
        status = await self._process.wait()
        self._watcher.cancel()
        if self.exceeded is None and not self._killed:
            self.exceeded = _resource_of(status, self.stderr)
        return status

    def check_limits(self, work: str) -> None:
        """Raise an error if the child, which has ended, needed more than it may.

        Args:
            work: what it did, for the message.

        Raises:
            ResourceLimitError: it did.
        """
        if self.exceeded is not None:
            raise ResourceLimitError(f"{work} takes more {self.exceeded} than this server allows")

    async def kill(self) -> None:
        """Kill the whole process group, if it still runs, and reap it."""
        self._watcher.cancel()
        self._send_kill()
        self.close_stdin()
        # RuntimeError: another task waits for its stdout and reads it to its end.
        with suppress(TimeoutError, RuntimeError):
            async with asyncio.timeout(_REAP_S):
                # Descendants that were killed too may have written to its pipes.
                while await self.stdout.read(2**16):
                    pass
                await self.wait()
        self._stderr_reader.cancel()
        self._process.close()

    def _send_kill(self) -> None:
        if self._process.returncode is None:
            self._killed = True
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def _watch(self) -> None:
        """Kill the group once it uses more than it may."""
        started = time.monotonic()
        while self.exceeded is None:
            await asyncio.sleep(_WATCH_S)
            used = usage_of(self.pid)
            if used.memory_bytes > self._limits.memory_bytes:
                self.exceeded = "memory"
            elif used.cpu_s > self._limits.cpu_s:
                self.exceeded = "processor time"
            elif time.monotonic() - started > self._limits.wall_s:
                self.exceeded = "time"
        self._send_kill()

    async def _read_stderr(self, on_line: OnLine | None) -> None:
        pipe = self._process.stderr
        rest = b""
        while data := await pipe.read(2**12):
            self._stderr += data
            del self._stderr[:-STDERR_TAIL_BYTES]
            *lines, rest = (rest + data).split(b"\n")
            rest = rest[-STDERR_TAIL_BYTES:]
            if on_line is not None:
                for line in lines:
                    on_line(line.decode("utf-8", "replace"))
        if rest and on_line is not None:
            on_line(rest.decode("utf-8", "replace"))


@asynccontextmanager
async def running(
    command: Sequence[str],
    *,
    stdin: bool = False,
    on_line: OnLine | None = None,
    environment: Mapping[str, str] | None = None,
    limits: ChildLimits = FILTER,
) -> AsyncIterator[Subprocess]:
    """Run a child process in a group of its own for as long as the block lasts.

    It is killed and reaped when the block is left in any way, and the kernel kills it when this
    process dies, even by SIGKILL.

    Args:
        command: program and arguments; not passed through a shell.
        stdin: whether its stdin is a pipe; otherwise it is empty.
        on_line: called with each line of its stderr.
        environment: of the child; this process's without secrets unless given.
        limits: of the child with all its descendants.

    Raises:
        InternalError: it could not be started.
    """
    starting = asyncio.create_task(_start(command, stdin, environment, limits))
    try:
        # A cancelled start would leave a child running.
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(InternalError):
            await Subprocess(await starting, None, limits).kill()
        raise
    child = Subprocess(process, on_line, limits)
    try:
        yield child
    finally:
        await _finish(child)


async def _start(
    command: Sequence[str],
    stdin: bool,
    environment: Mapping[str, str] | None,
    limits: ChildLimits,
) -> ChildProcess:
    program = shutil.which(command[0])
    if program is None:
        raise InternalError(f"{command[0]} is not installed")
    try:
        return await spawn(
            [*_death_signal_prefix(), *limits.prefix, program, *command[1:]],
            child_environment() if environment is None else environment,
            stdin=stdin,
            limit_bytes=_PIPE_BUFFER_BYTES,
        )
    except OSError as error:
        raise InternalError("A child process could not be started") from error


def _resource_of(status: int, stderr: str) -> Resource | None:
    """Return the resource whose limit ended a child by itself, as far as its end shows it."""
    if status == -signal.SIGXCPU:
        return "processor time"
    if status == -signal.SIGXFSZ:
        return "disk"
    if status == -signal.SIGKILL:  # not by us, so by a kernel that has no memory left
        return "memory"
    return "memory" if status and _NO_MEMORY.search(stderr) else None


async def _finish(child: Subprocess) -> None:
    killing = asyncio.create_task(child.kill())
    try:
        await asyncio.shield(killing)
    except asyncio.CancelledError:
        await killing
        raise


@cache
def _death_signal_prefix() -> tuple[str, ...]:
    """Return the prefix of a command that lets the kernel kill the child when this process dies.

    Source: prctl(2), PR_SET_PDEATHSIG, which setpriv(1) of util-linux sets before it executes
    the command. It fires when the *thread* that started the child ends: the event loop's.
    """
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()
