"""Child processes start without the handlers that libraries register for a fork."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import uvloop

from app.system.spawn import ChildProcess, spawn

_LIMIT_BYTES = 2**15


async def _child(program: str, *, stdin: bool = False) -> ChildProcess:
    return await _child_of([sys.executable, "-c", program], stdin=stdin)


async def _child_of(command: list[str], *, stdin: bool = True) -> ChildProcess:
    return await spawn(command, dict(os.environ), stdin=stdin, limit_bytes=_LIMIT_BYTES)


async def test_a_child_reads_writes_and_ends() -> None:
    child = await _child("import sys; sys.stdout.write(sys.stdin.read()[::-1])", stdin=True)
    assert child.stdin is not None
    child.stdin.write(b"abc" * 50_000)
    await child.stdin.drain()
    child.stdin.close()
    assert await child.stdout.read() == b"cba" * 50_000
    assert await child.stderr.read() == b""
    assert await child.wait() == 0
    assert child.returncode == 0


async def test_the_status_of_a_killed_child_is_its_signal() -> None:
    child = await _child("input()", stdin=True)
    assert child.returncode is None
    os.killpg(child.pid, signal.SIGKILL)
    assert await child.wait() == -signal.SIGKILL
    child.close()


async def test_a_child_that_is_not_read_waits() -> None:
    child = await _child("import sys; sys.stdout.write('x' * 10_000_000); sys.stderr.write('end')")
    await asyncio.sleep(0.3)
    stored = len(child.stdout._buffer)  # type: ignore[attr-defined]
    assert stored <= 2 * _LIMIT_BYTES + 2**18  # one read of a pipe besides
    assert len(await child.stdout.read()) == 10_000_000
    assert await child.stderr.read() == b"end"
    assert await child.wait() == 0


async def test_many_children_leave_no_descriptor_open() -> None:
    await (await _child("")).wait()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        child = await _child("print(1)")
        assert await child.stdout.read() == b"1\n"
        await child.stderr.read()
        await child.wait()
        child.close()
    await asyncio.sleep(0.05)
    assert len(os.listdir("/proc/self/fd")) <= before


async def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OSError, match="nothing-of-that-name"):
        await spawn(["/nothing-of-that-name"], {}, stdin=False, limit_bytes=_LIMIT_BYTES)


async def test_handlers_of_a_fork_are_not_run() -> None:
    ran: list[str] = []
    os.register_at_fork(before=lambda: ran.append("before"))
    child = await _child("")
    await child.wait()
    child.close()
    assert not ran


async def test_a_child_and_its_children_give_way_in_our_session() -> None:
    program = (
        "import os, subprocess; input();"
        "print(os.getsid(0), os.getpgid(0) == os.getpid(), os.nice(0), flush=True);"
        "subprocess.run(['nice'])"
    )
    child = await _child(program, stdin=True)
    assert child.stdin is not None
    child.stdin.write(b"\n")
    lower = min(19, os.nice(0) + 10)
    # Another session would have a share of the cores of its own, in which no priority counts.
    told = f"{os.getsid(0)} True {lower}\n{lower}\n"
    assert (await child.stdout.read()).decode() == told
    await child.wait()
    child.close()


def test_uvloop_closes_no_descriptor_that_is_another_file_s_by_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between a pipe's two closes another thread may be given its number."""
    lost: list[int] = []

    def close_beside_others(close: Callable[[], None]) -> None:
        others = [os.open(os.devnull, os.O_RDONLY) for _ in range(16)]
        close()
        for number in others:
            try:
                os.close(number)
            except OSError:
                lost.append(number)

    class Reader(io.BufferedReader):
        def close(self) -> None:
            close_beside_others(super().close)

    class Writer(io.BufferedWriter):
        def close(self) -> None:
            close_beside_others(super().close)

    def open_pipe(number: int, mode: str, _: int) -> Reader | Writer:
        return Reader(io.FileIO(number)) if mode == "rb" else Writer(io.FileIO(number, "w"))

    async def start_children() -> None:
        for _ in range(3):
            child = await _child_of(["cat"])
            assert child.stdin is not None
            child.stdin.write(b"abc")
            child.stdin.close()
            assert await child.stdout.read() == b"abc"
            await child.wait()
            child.close()
            await asyncio.sleep(0)

    monkeypatch.setattr(subprocess, "io", SimpleNamespace(open=open_pipe))
    uvloop.run(start_children())
    gc.collect()
    assert not lost
