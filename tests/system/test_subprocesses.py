import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace

import psutil
import pytest
import uvloop

from app.domain.errors import InternalError, ResourceLimitError
from app.system.child_limits import FILTER
from app.system.subprocesses import STDERR_TAIL_BYTES, running
from tests.processes import lives, own_children

PARENT = """
import asyncio, sys
from app.system.subprocesses import running
async def main():
    async with running(["sleep", "300"]) as child:
        print(child.pid, flush=True)
        await asyncio.sleep(300)
asyncio.run(main())
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def wait_gone(pid: int, within_s: float = 60) -> bool:
    deadline = time.monotonic() + within_s
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return True
    while lives(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def test_output_status_and_lines_of_stderr() -> None:
    lines: list[str] = []
    code = "import sys; print('out'); sys.stderr.write('one\\ntwo\\nlast'); sys.exit(3)"
    async with running(python(code), on_line=lines.append) as child:
        assert await child.stdout.read() == b"out\n"
        assert await child.wait() == 3
    assert lines == ["one", "two", "last"]
    assert child.stderr == "one\ntwo\nlast"


async def test_stdin_reaches_the_child_and_ends() -> None:
    async with running(["cat"], stdin=True) as child:
        assert await child.write(b"abc")
        child.close_stdin()
        assert await child.stdout.read() == b"abc"
        assert await child.wait() == 0


async def test_without_stdin_the_child_reads_nothing() -> None:
    async with running(["cat"]) as child:
        assert await child.stdout.read() == b""
        assert not await child.write(b"abc")


async def test_writing_to_a_child_that_left_says_so() -> None:
    async with running(["true"], stdin=True) as child:
        await child.wait()
        wrote = [await child.write(b"x" * 2**17) for _ in range(3)]
    assert not wrote[-1]


async def test_only_the_end_of_a_flood_of_complaints_is_kept() -> None:
    code = "import sys\nfor i in range(20000): sys.stderr.write(f'complaint {i}\\n')"
    async with running(python(code)) as child:
        await child.wait()
        assert child.stderr.endswith("complaint 19999\n")
        assert len(child.stderr) <= STDERR_TAIL_BYTES


async def test_a_child_that_floods_stdout_is_held_back_and_killed() -> None:
    async with running(["yes"]) as child:
        assert await child.stdout.readexactly(4) == b"y\ny\n"
        process = psutil.Process(child.pid)
        before = 0
        async with asyncio.timeout(60):
            while (after := process.io_counters().write_chars) > before or not after:
                before = after
                await asyncio.sleep(0.3)
        # Its pipe is full and has no reader; `yes` writes that much in a few milliseconds.
        assert after < 2**24
    assert child.stdout.at_eof(), "killed, and its pipe read to the end"
    assert await child.wait() == -signal.SIGKILL
    assert not psutil.pid_exists(child.pid)


async def test_the_whole_group_is_killed() -> None:
    code = "import subprocess,time; print(subprocess.Popen(['sleep','300']).pid,flush=True)"
    async with running(python(code + ";time.sleep(300)")) as child:
        grandchild = int(await child.stdout.readline())
        assert os.getpgid(grandchild) == child.pid
    assert wait_gone(grandchild)
    assert not psutil.pid_exists(child.pid)


async def test_an_error_in_the_block_kills_the_child() -> None:
    with pytest.raises(ValueError, match="mine"):
        async with running(["sleep", "300"]) as child:
            raise ValueError("mine")
    assert not psutil.pid_exists(child.pid)


async def test_cancelling_leaves_no_child() -> None:
    pids: list[int] = []

    async def use() -> None:
        async with running(["sleep", "300"]) as child:
            pids.append(child.pid)
            await asyncio.sleep(300)

    # Cancelled at every moment of its start, and once while it runs.
    for rounds in [*range(12), 10_000]:
        task = asyncio.create_task(use())
        for _ in range(rounds):
            await asyncio.sleep(0)
            if pids:
                break
        if rounds == 10_000:
            while not pids:
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert pids
    assert not own_children()


async def test_secrets_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_API_KEY", "hush")
    monkeypatch.setenv("HARMLESS", "loud")
    async with running(["env"]) as child:
        environment = (await child.stdout.read()).decode()
    assert "HARMLESS=loud" in environment
    assert "hush" not in environment


async def test_a_program_that_is_not_installed() -> None:
    with pytest.raises(InternalError, match="no-such-program is not installed"):
        async with running(["no-such-program"]):
            pass


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_the_child_dies_with_us(how: signal.Signals) -> None:
    parent = await asyncio.create_subprocess_exec(*python(PARENT), stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    while psutil.Process(child).name() != "sleep":  # setpriv, until it has done its part
        await asyncio.sleep(0.01)
    os.kill(parent.pid, how)
    await parent.wait()
    assert await asyncio.to_thread(wait_gone, child)


SMALL = replace(FILTER, memory_bytes=100 * 2**20, cpu_s=1, file_bytes=2**20, wall_s=60)

GREEDY = {
    "memory": "x = bytearray(200 * 2**20)",
    "processor time": "while True: pass",
    "disk": "import tempfile\nf = tempfile.TemporaryFile()\nwhile True: f.write(bytes(2**16))",
}


@pytest.mark.parametrize("resource", GREEDY)
async def test_a_child_gets_no_more_than_it_may(resource: str) -> None:
    code = GREEDY[resource]
    if resource == "disk":  # Python ignores the signal, other programs do not
        code = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n" + code
    async with running(python(code), limits=SMALL) as child:
        assert await child.wait() != 0
    assert child.exceeded == resource
    with pytest.raises(ResourceLimitError, match=f"Counting takes more {resource}") as caught:
        child.check_limits("Counting")
    assert caught.value.code == "resource_limit"


async def test_a_child_has_an_end() -> None:
    async with running(["sleep", "300"], limits=replace(SMALL, wall_s=0.5)) as child:
        await child.wait()
    assert child.exceeded == "time"


async def test_the_memory_of_all_descendants_counts() -> None:
    each = "import time; x = bytearray(60 * 2**20); print(1, flush=True); time.sleep(300)"
    code = f"import subprocess,sys\nc=[sys.executable,'-c',{each!r}]\n"
    code += "p=[subprocess.Popen(c) for _ in range(3)]\n[q.wait() for q in p]"
    async with running(python(code), limits=SMALL) as child:
        assert await child.wait() == -signal.SIGKILL
    assert child.exceeded == "memory"


async def test_limits_hold_for_descendants_and_nothing_is_exceeded_without_cause() -> None:
    code = "import resource as r, subprocess, sys\n"
    code += (
        "c='import resource as r;print(r.getrlimit(r.RLIMIT_DATA),r.getrlimit(r.RLIMIT_NOFILE))'"
    )
    code += "\nsubprocess.run([sys.executable,'-c',c])"
    async with running(python(code), limits=SMALL) as child:
        shown = (await child.stdout.read()).decode()
        assert await child.wait() == 0
    assert shown == f"({100 * 2**20}, {100 * 2**20}) (256, 256)\n"
    assert child.exceeded is None
    child.check_limits("Nothing")


@pytest.mark.parametrize(
    "scenario",
    [
        test_output_status_and_lines_of_stderr,
        test_stdin_reaches_the_child_and_ends,
        test_writing_to_a_child_that_left_says_so,
        test_a_child_that_floods_stdout_is_held_back_and_killed,
        test_the_whole_group_is_killed,
        test_cancelling_leaves_no_child,
    ],
)
def test_the_same_on_uvloop(scenario: Callable[[], Coroutine[None, None, None]]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())
