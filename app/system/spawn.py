"""Start of child processes without a copy of this one."""

from __future__ import annotations

import asyncio
import os
import subprocess
from asyncio.streams import FlowControlMixin
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from app.system.thread_priority import lower_child_priority

_POLL_S = 0.05
"""How often a child is looked at where the kernel has no descriptor of it, as on macOS."""


class ChildProcess:
    """A child process whose pipes belong to the event loop.

    Attributes:
        stdout: its standard output.
        stderr: its standard error.
        stdin: its standard input; None where that is empty.
    """

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
        stdin: asyncio.StreamWriter | None,
        pipes: Sequence[asyncio.BaseTransport],
    ) -> None:
        self.stdout = stdout
        self.stderr = stderr
        self.stdin = stdin
        self._process = process
        self._pipes = pipes
        self._ended = asyncio.create_task(self._wait())

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.poll()

    async def wait(self) -> int:
        """Wait until it has ended; return its exit status."""
        return await asyncio.shield(self._ended)

    def close(self) -> None:
        """Close its pipes on this side."""
        for pipe in self._pipes:
            pipe.close()

    async def _wait(self) -> int:
        try:
            descriptor = os.pidfd_open(self.pid)
        except (OSError, AttributeError):
            # No event tells of its end.
            while (status := self._process.poll()) is None:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_S)
            return status
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
        return self._process.wait()


async def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdin: bool,
    limit_bytes: int,
) -> ChildProcess:
    """Start a child process in a group of its own, which gives way to the event loop.

    uvloop forks, and before a fork every library's handlers run: those of BLAS and OpenMP wait for
    their threads, so the loop stood still for half a second while engines computed. ``Popen`` uses
    ``vfork``, which runs no handlers and copies no memory; it returns once the program is started.
    Source: pthread_atfork(3), vfork(2), ``subprocess._USE_VFORK``.

    Args:
        command: program, with its path, and arguments.
        environment: of the child.
        stdin: whether its stdin is a pipe; otherwise it is empty.
        limit_bytes: see `asyncio.StreamReader`; a pipe is not read while twice this is stored.

    Raises:
        OSError: it could not be started.
    """
    process = _popen(command, environment, subprocess.PIPE if stdin else subprocess.DEVNULL)
    assert process.stdout is not None  # noqa: S101 - a pipe
    assert process.stderr is not None  # noqa: S101 - a pipe
    try:
        stdout, out_pipe = await _reader(process.stdout, limit_bytes)
        stderr, error_pipe = await _reader(process.stderr, limit_bytes)
        writer, in_pipes = None, []
        if process.stdin is not None:
            writer = await _writer(process.stdin)
            in_pipes = [writer.transport]
    except BaseException:
        with suppress(ProcessLookupError):
            process.kill()
        raise
    return ChildProcess(process, stdout, stderr, writer, [out_pipe, error_pipe, *in_pipes])


def _popen(
    command: Sequence[str], environment: Mapping[str, str], stdin: int
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        # Not a session: Linux shares the cores out among sessions first, and a priority counts
        # inside one alone. Source: sched(7), "The autogroup feature".
        process_group=0,
    )
    lower_child_priority(process.pid)
    return process


class _PipeProtocol(asyncio.StreamReaderProtocol):
    """Closes the pipe at its end, on every event loop."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False


async def _reader(
    pipe: IO[bytes], limit_bytes: int
) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit_bytes, loop)
    transport, _ = await loop.connect_read_pipe(
        lambda: _PipeProtocol(reader, loop=loop), _closed_once(pipe)
    )
    return reader, transport


async def _writer(pipe: IO[bytes]) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: FlowControlMixin(loop), _closed_once(pipe)
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


def _closed_once(pipe: IO[bytes]) -> IO[bytes]:
    """Return a pipe whose descriptor its transport closes once, on every event loop.

    asyncio's transports close the file. uvloop's close the descriptor and then the file too, which
    closes the same number again: by then another thread may have been given it for a file of its
    own, which fails with EBADF or, worse, is written to by somebody else. Source: uvloop 0.23,
    ``UVSocketHandle._close`` in ``handles/handle.pyx``.
    """
    if isinstance(asyncio.get_running_loop(), asyncio.SelectorEventLoop):
        return pipe
    with pipe:
        return os.fdopen(os.dup(pipe.fileno()), pipe.mode, buffering=0, closefd=False)
