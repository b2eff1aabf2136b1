"""What is evicted, in which order, and what never is."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.services.cache.cache_folder import LOCKS, TEMPORARY
from app.services.cache.sweep import SweepResult
from app.system.locks import file_lock
from tests.server import ROOT
from tests.services.cache.stores import caches_in, files_of, make_old

DAY_S = 86_400


def place(root: Path, stage: str, name: str, age_s: float, size: int = 100) -> Path:
    """Put a file of any content, which eviction does not look at, where entries lie."""
    path = root / "v1" / stage / name[:2] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(size))
    make_old(path, age_s)
    return path


def names(root: Path) -> set[str]:
    return {path.name for path in files_of(root)}


async def sweep(root: Path, **limits: float) -> SweepResult:
    eviction = caches_in(root, **limits).eviction
    assert eviction is not None
    swept = await eviction.sweep()
    assert swept is not None
    return swept


async def test_what_is_too_old_goes(tmp_path: Path) -> None:
    for stage in ("media", "blobs", "sightings"):
        place(tmp_path, stage, f"{stage}-new", 23 * 3600)
        place(tmp_path, stage, f"{stage}-old", 25 * 3600)
    for stage in ("windows", "transcripts", "translations", "any-other"):
        place(tmp_path, stage, f"{stage}-new", 29 * DAY_S)
        place(tmp_path, stage, f"{stage}-old", 31 * DAY_S)
    swept = await sweep(tmp_path)
    assert swept.removed == 7
    assert len(names(tmp_path)) == 7
    assert all(name.endswith("-new") for name in names(tmp_path))
    swept = await sweep(tmp_path, cache_audio_ttl_hours=1, cache_ttl_days=2)
    assert (swept.removed, swept.stored_bytes) == (7, 0)


async def test_files_of_dead_writers_go_after_an_hour(tmp_path: Path) -> None:
    place(tmp_path, "windows", f"{TEMPORARY}dead", 3700)
    place(tmp_path, "blobs", f"{TEMPORARY}busy", 3500)
    await sweep(tmp_path)
    assert names(tmp_path) == {f"{TEMPORARY}busy"}


async def test_the_least_recently_used_go_until_the_rest_fits(tmp_path: Path) -> None:
    ages = {"windows": [50, 500, 5000], "blobs": [60, 600, 6000], "translations": [40, 4000]}
    for stage, stage_ages in ages.items():
        for age_s in stage_ages:
            place(tmp_path, stage, f"x{age_s}", age_s, 2**20)
    swept = await sweep(tmp_path, cache_max_size_mb=8)
    assert swept == SweepResult(removed=0, stored_bytes=8 * 2**20)
    swept = await sweep(tmp_path, cache_max_size_mb=4)
    assert swept == SweepResult(removed=4, stored_bytes=4 * 2**20)
    assert names(tmp_path) == {"x40", "x50", "x60", "x500"}


async def test_nothing_outside_is_touched(tmp_path: Path) -> None:
    root, outside = tmp_path / "cache", tmp_path / "outside"
    far = place(outside, "windows", "aa-far", 99 * DAY_S)
    beside = root / "uploads" / "ab" / "precious"
    beside.parent.mkdir(parents=True)
    beside.write_text("not the cache's")
    make_old(beside, 99 * DAY_S)
    near = place(root, "windows", "aa-near", 0)
    (near.parent / "aa-link").symlink_to(far)
    (root / "v1" / "windows" / "bb").symlink_to(far.parent)
    (root / "v1" / "linked").symlink_to(outside / "v1" / "windows")
    os.utime(near.parent / "aa-link", (0, 0), follow_symlinks=False)
    lock = root / "v1" / LOCKS / "windows-aa"
    lock.parent.mkdir()
    lock.touch()
    make_old(lock, 99 * DAY_S)
    await sweep(root, cache_max_size_mb=1)
    assert far.exists()
    assert beside.exists()
    assert lock.exists(), "who holds it and who comes next must mean the same file"
    assert near.exists()


async def test_a_tree_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    far = place(tmp_path / "outside", "windows", "aa-far", 99 * DAY_S)
    root = tmp_path / "cache"
    root.mkdir()
    (root / "v1").symlink_to(tmp_path / "outside" / "v1")
    eviction = caches_in(root).eviction
    assert eviction is not None
    assert await eviction.sweep() is None
    assert far.exists()


async def test_one_sweep_at_a_time(tmp_path: Path) -> None:
    old = place(tmp_path, "windows", "aa-old", 99 * DAY_S)
    locks = tmp_path / "v1" / LOCKS
    locks.mkdir()
    eviction = caches_in(tmp_path).eviction
    assert eviction is not None
    with file_lock(locks / "janitor") as mine:
        assert mine
        assert await eviction.sweep() is None
        assert old.exists()
    assert await eviction.sweep() == SweepResult(removed=1, stored_bytes=0)


SWEEPS = """
import asyncio, sys
from pathlib import Path
from tests.services.cache.stores import caches_in
async def work():
    eviction = caches_in(Path(sys.argv[1]), cache_max_size_mb=1).eviction
    for _ in range(20):
        await eviction.sweep()
asyncio.run(work())
"""


async def test_sweeps_and_writers_of_several_processes_do_no_harm(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SWEEPS, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]
    store, payload = caches_in(tmp_path).store, os.urandom(100_000)
    turn = 0
    while any(process.poll() is None for process in processes):
        key = f"{turn % 30:02}" * 20
        assert await store.put("windows", key, payload), "the folder stays"
        assert await store.get("windows", key) in (payload, None)
        turn += 1
    assert [process.returncode for process in processes] == [0, 0]
    assert (await sweep(tmp_path, cache_max_size_mb=1)).stored_bytes <= 2**20


async def test_it_works_by_itself_at_start_and_after_much_was_written(tmp_path: Path) -> None:
    old = place(tmp_path, "windows", "aa-old", 99 * DAY_S)
    caches = caches_in(tmp_path, cache_max_size_mb=1, cache_cleanup_interval_minutes=0.001)
    caches.start()
    await _until(lambda: not old.exists())
    await caches.close()
    caches = caches_in(tmp_path, cache_max_size_mb=1, cache_cleanup_interval_minutes=60)
    caches.start()
    for turn in range(12):
        assert await caches.store.put("windows", f"{turn:02}" * 20, os.urandom(100_000))
    # The first round is due in ten seconds, the second in an hour.
    await _until(lambda: len(files_of(tmp_path)) <= 10, limit_s=8)
    assert caches.stored_bytes <= 2**20
    await caches.close()


async def _until(holds, limit_s: float = 30) -> None:  # type: ignore[no-untyped-def]
    deadline = asyncio.get_running_loop().time() + limit_s
    while not holds():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("size_mb", [0])
async def test_no_size_keeps_nothing_at_all(tmp_path: Path, size_mb: int) -> None:
    caches = caches_in(tmp_path, cache_max_size_mb=size_mb)
    caches.start()
    assert not await caches.store.put("windows", "ab" * 20, b"x")
    assert await caches.downloads.get("url:a") is None
    memory = await caches.translations.open("video")
    memory.put("a", "1")
    await memory.save()
    await caches.close()
    assert caches.stored_bytes == 0
    assert list(tmp_path.iterdir()) == []
