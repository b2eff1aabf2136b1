"""One folder, several processes at once, and processes that are killed at the worst moment."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.services.cache.cache_folder import TEMPORARY
from app.services.cache.window_cache import WindowCache
from tests.server import ROOT
from tests.services.cache.stores import KEY, files_of, store_in

PRELUDE = """
import asyncio, sys, time
from pathlib import Path
from tests.services.cache.stores import KEY, store_in
from tests.services.cache.test_window_cache import KEYS, segment
from app.services.cache.window_cache import WindowCache
root, number = Path(sys.argv[1]), int(sys.argv[2])
store = store_in(root)
"""

REWRITES = """
async def work():
    # Entries whose content proves itself: one number all through, too long for one write call.
    for turn in range(20):
        payload = (b"%d," % (number * 1000 + turn)) * (200_000 + 9000 * number)
        assert await store.put("windows", KEY, payload)
        found = await store.get("windows", KEY)
        assert found is not None
        assert len(set(found.split(b",")[:-1])) == 1, "a mixture"
asyncio.run(work())
"""

COUNTS = """
async def work():
    for turn in range(25):
        mine = b"%d," % (number * 1000 + turn)
        assert await store.update("translations", KEY, lambda old: (old or b"") + mine)
asyncio.run(work())
"""

WRITES_FOR_EVER = """
import os
from app.services.cache.stage_store import seal
from app.services.cache.cache_folder import CacheFolder
from app.services.cache.disk_executor import DiskExecutor
folder, sealed = CacheFolder(root, DiskExecutor()), seal("windows", KEY, os.urandom(20_000_000))
while True:
    folder.write(folder.path("windows", KEY), sealed)
"""

STORES_AND_HANGS = """
async def work():
    cache = WindowCache(100, store)
    cache.put(KEYS[0], [segment(0)], 0)
    await cache.close()
    print("stored one window", flush=True)
    await asyncio.sleep(60)
asyncio.run(work())
"""


def start(program: str, root: Path, number: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PRELUDE + program, str(root), str(number)]
    env = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


@pytest.mark.parametrize("program", [REWRITES, COUNTS])
def test_processes_that_write_one_entry_never_see_a_mixture(tmp_path: Path, program: str) -> None:
    writers = [start(program, tmp_path, number) for number in range(3)]
    assert [writer.communicate(timeout=120) and writer.returncode for writer in writers] == [0] * 3
    assert len(files_of(tmp_path)) == 1
    if program is COUNTS:
        payload = asyncio.run(store_in(tmp_path).get("translations", KEY))
        assert payload is not None
        numbers = sorted(int(part) for part in payload.split(b",")[:-1])
        wanted = sorted(n * 1000 + turn for n in range(3) for turn in range(25))
        assert numbers == wanted, "no change is lost"


async def test_a_writer_that_is_killed_leaves_no_half_entry(tmp_path: Path) -> None:
    store, shard = store_in(tmp_path), tmp_path / "v1" / "windows" / KEY[:2]
    await store.put("windows", KEY, b"what was there before")
    for _ in range(50):  # the writer may be killed between two entries
        writer = start(WRITES_FOR_EVER, tmp_path)
        deadline_s = time.monotonic() + 60
        while not (passing := list(shard.glob(f"{TEMPORARY}*"))):
            assert time.monotonic() < deadline_s
        kill(writer)
        left = [path for path in passing if path.exists() and path.stat().st_size < 20_000_000]
        payload = await store.get("windows", KEY)
        assert payload is not None, "what has the entry's name is whole"
        assert payload == b"what was there before" or len(payload) == 20_000_000
        if left:
            break
    assert left, "no writer was killed in mid-write"


async def test_windows_of_a_killed_process_are_found_by_the_next(tmp_path: Path) -> None:
    listener = start(STORES_AND_HANGS, tmp_path)
    assert listener.stdout is not None
    assert listener.stdout.readline() == "stored one window\n"
    kill(listener)
    from tests.services.cache.test_window_cache import KEYS, segment

    cache = WindowCache(10, store_in(tmp_path))
    assert await cache.get(KEYS[0], 16_000) == [segment(1000)]
    assert await cache.get(KEYS[1], 0) is None
