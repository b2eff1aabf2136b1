"""A disk that is full, read-only, gone or hanging costs a job only its cache."""

import asyncio
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
import structlog

from app.services.cache.disk_executor import DiskExecutor
from tests.server import ROOT
from tests.services.cache.stores import KEY, OTHER, files_of, store_in

FULL = """
    import asyncio, os, sys
    from pathlib import Path
    from tests.services.cache.stores import KEY, OTHER, files_of, caches_in, store_in

    async def chunks():
        for _ in range(64):
            yield os.urandom(65_536)

    async def work():
        root = Path(sys.argv[1])
        store = store_in(root)
        assert await store.put("windows", KEY, b"small")
        assert not await store.put("windows", OTHER, os.urandom(3_000_000))
        assert not await store.update("windows", OTHER, lambda old: os.urandom(3_000_000))
        assert await store.get("windows", OTHER) is None
        assert await store.get("windows", KEY) == b"small"
        caches = caches_in(root)
        tee = caches.downloads.tee(chunks(), "url:a")
        passed = [chunk async for chunk in tee.chunks]
        assert len(passed) == 64 and tee.content
        await caches.close()
        assert await caches_in(root).downloads.get("url:a") is None
        assert [path.name for path in files_of(root)] == [KEY], "nothing half is left"
    asyncio.run(work())
"""

LIMITED = """
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
"""

READ_ONLY = """
    import asyncio, sys
    from pathlib import Path
    from tests.services.cache.stores import KEY, OTHER, caches_in, store_in

    async def work():
        root = Path(sys.argv[1])
        store = store_in(root)
        assert await store.get("windows", KEY) == b"kept", "what is there is of use"
        assert not await store.put("windows", OTHER, b"x")
        assert not await store.update("windows", KEY, lambda old: b"x")
        await store.remove("windows", KEY)
        assert await store.get("windows", KEY) == b"kept"
        caches = caches_in(root)
        assert await caches.eviction.sweep() is None
        await caches.close()
    asyncio.run(work())
"""


def run(program: str, root: Path, *before: str) -> None:
    command = [*before, sys.executable, "-c", textwrap.dedent(program), str(root)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def mounting() -> tuple[str, ...]:
    """Return the command that gives a program mounts of its own."""
    command = ("unshare", "--map-root-user", "--mount")
    tried = subprocess.run([*command, "mount", "-t", "tmpfs", "x", "/mnt"], check=False)
    if tried.returncode:
        pytest.skip("this system lets nobody mount a file system of their own")
    return (*command, "sh", "-c")


def test_a_file_that_cannot_grow_is_not_kept(tmp_path: Path) -> None:
    run(textwrap.dedent(LIMITED) + textwrap.dedent(FULL), tmp_path)


def test_a_full_disk_keeps_what_it_has(tmp_path: Path, mounting: tuple[str, ...]) -> None:
    mount = f'mount -t tmpfs -o size=2m x "{tmp_path}" && exec "$@"'
    run(FULL, tmp_path, *mounting, mount, "sh")


async def test_a_read_only_disk_is_read(tmp_path: Path, mounting: tuple[str, ...]) -> None:
    await store_in(tmp_path).put("windows", KEY, b"kept")
    bind = f'mount --bind "{tmp_path}" "{tmp_path}"'
    mount = f'{bind} && mount -o remount,bind,ro "{tmp_path}" && exec "$@"'
    run(READ_ONLY, tmp_path, *mounting, mount, "sh")


@pytest.mark.parametrize("root", [Path("/proc/cuestream"), Path("/dev/null")])
async def test_a_folder_that_cannot_be_is_a_miss_and_is_logged_once(root: Path) -> None:
    store = store_in(root)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            assert not await store.put("windows", KEY, b"x")
            assert await store.get("windows", KEY) is None
    assert [entry["log_level"] for entry in logs] == ["warning"]
    assert str(root) not in str(logs), "a log names the trouble, not the place"


async def test_a_folder_that_vanished_is_made_again(tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    await store.put("windows", KEY, b"x")
    shutil.rmtree(tmp_path / "cache")
    assert await store.get("windows", KEY) is None
    assert await store.put("windows", OTHER, b"y")
    assert await store.get("windows", OTHER) == b"y"
    assert len(files_of(tmp_path)) == 1


async def test_a_disk_that_hangs_is_left_alone_for_a_while() -> None:
    disk, release = DiskExecutor(), threading.Event()
    patient = asyncio.create_task(disk.run(release.wait, False, limit_s=120))
    hasty = asyncio.create_task(disk.run(release.wait, False, limit_s=0.2))
    ended, _ = await asyncio.wait({patient, hasty}, return_when=asyncio.FIRST_COMPLETED)
    assert ended == {hasty}, "each operation has a limit of its own"
    assert await hasty is False
    assert await disk.run(lambda: "asked", "not asked", limit_s=120) == "not asked"
    release.set()
    assert await patient is True


async def test_a_closed_disk_does_nothing() -> None:
    disk = DiskExecutor()
    assert await disk.run(lambda: "done", "otherwise") == "done"
    disk.close()
    assert await disk.run(lambda: "done", "otherwise") == "otherwise"


async def test_a_cancel_that_comes_as_an_operation_ends_is_not_lost() -> None:
    disk = DiskExecutor()
    reading = asyncio.create_task(disk.run(lambda: b"read", b""))
    await asyncio.sleep(0)  # it has begun
    disk._threads.shutdown()  # it has ended, and the loop has not yet seen it
    await asyncio.sleep(0)  # the loop has seen it, and the task has not yet gone on
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
