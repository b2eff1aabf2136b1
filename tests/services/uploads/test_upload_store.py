import asyncio
import hashlib
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.errors import (
    PayloadTooLargeError,
    StorageError,
    UploadIncompleteError,
    UploadNotFoundError,
)
from app.services.uploads.part_writer import locked
from app.services.uploads.upload_expiry import UploadExpiry
from app.services.uploads.upload_room import owner_of
from app.services.uploads.upload_store import UploadStore
from app.settings import UploadSettings
from app.system.workdir import WorkDir


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "uploads"


@pytest.fixture
def store(folder: Path) -> UploadStore:
    return UploadStore(folder, UploadSettings(uploads_max_size_mb=3, max_resumable_upload_mb=2))


@pytest.fixture
def workdir(tmp_path: Path) -> Iterator[WorkDir]:
    with WorkDir.open(tmp_path / "work") as opened:
        yield opened


async def sent(store: UploadStore, data: bytes, name: str = "", caller: str = "") -> str:
    upload = await store.create(len(data), name, caller=caller)
    async with store.part(upload.record.id, 0) as writer:
        await writer.write(data)
    return upload.record.id


def age(folder: Path, upload_id: str, hours: float) -> None:
    then = time.time() - hours * 3600
    for path in folder.glob(f"{upload_id}*"):
        os.utime(path, (then, then))


async def test_a_job_gets_a_file_of_its_own(store: UploadStore, workdir: WorkDir) -> None:
    upload_id = await sent(store, b"speech", "talk.mp4")
    first = await store.claim(upload_id, workdir)
    assert first.name == "talk.mp4"
    assert first.sha256 == hashlib.sha256(b"speech").hexdigest()
    assert first.path.parent == workdir.path
    first.path.unlink()
    second = await store.claim(upload_id, workdir)
    await store.remove(upload_id)
    assert second.path.read_bytes() == b"speech"
    with pytest.raises(UploadNotFoundError):
        await store.claim(upload_id, workdir)


async def test_the_sum_is_computed_once(
    store: UploadStore, workdir: WorkDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = await sent(store, b"speech")
    known = await store.claim(upload_id, workdir)
    monkeypatch.delattr(hashlib, "file_digest")
    assert (await store.claim(upload_id, workdir)).sha256 == known.sha256


async def test_a_workdir_on_another_disk_gets_a_copy(store: UploadStore) -> None:
    upload_id = await sent(store, b"speech")
    with WorkDir.open(Path("/dev/shm")) as elsewhere:
        claimed = await store.claim(upload_id, elsewhere)
        assert claimed.path.read_bytes() == b"speech"
        assert claimed.path.stat().st_dev != store.folder.stat().st_dev


async def test_what_is_not_finished_is_no_file(store: UploadStore, workdir: WorkDir) -> None:
    upload = await store.create(5)
    with pytest.raises(UploadIncompleteError, match="5 bytes"):
        await store.claim(upload.record.id, workdir)


async def test_a_disk_that_fills_up_keeps_what_fitted(store: UploadStore) -> None:
    upload = await store.create(2_000_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, hard))
    try:
        with pytest.raises(StorageError):
            async with store.part(upload.record.id, 0) as writer:
                await writer.write(bytes(2_000_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (await store.find(upload.record.id)).offset == 1_500_000
    async with store.part(upload.record.id, 1_500_000) as writer:
        await writer.write(bytes(500_000))
    assert (await store.find(upload.record.id)).complete


async def test_there_is_room_for_so_much_and_no_more(store: UploadStore) -> None:
    with pytest.raises(PayloadTooLargeError):
        await store.create(2 * 2**20 + 1)
    for _ in range(5):
        await store.create(2 * 2**20)
    first = await sent(store, bytes(2 * 2**20))
    with pytest.raises(StorageError, match="room"):
        await store.create(2 * 2**20, caller="another")
    await store.remove(first)
    await store.create(2 * 2**20)


async def test_no_caller_takes_the_room_of_all(folder: Path) -> None:
    settings = UploadSettings(uploads_max_size_mb=4, max_resumable_upload_mb=1)
    store = UploadStore(folder, settings)
    for _ in range(2):
        await sent(store, bytes(2**20), caller="one")
    with pytest.raises(StorageError, match="your uploads"):
        await store.create(1, caller="one")
    late = await store.create(2**20, caller="two")
    await sent(store, bytes(2**20), caller="two")
    store.room.pass_through(owner_of("two"), 1)
    with pytest.raises(StorageError, match="your uploads"):
        async with store.part(late.record.id, 0) as writer:
            await writer.write(bytes(2**20))
    store.room.passed(owner_of("two"), 1)
    async with store.part(late.record.id, 0) as writer:
        await writer.write(bytes(2**20))
    with pytest.raises(StorageError, match="more uploads"):
        await store.create(1, caller="three")
    stored = [path.stat().st_size for path in folder.glob("*.bytes")]
    assert sum(stored) == 4 * 2**20


async def test_announcements_without_bytes_are_few_and_short_lived(
    store: UploadStore, folder: Path
) -> None:
    for _ in range(20):
        last = await store.create(2**20, caller="one")
    assert last.expires_s < time.time() + 3601
    with pytest.raises(StorageError, match="not begun"):
        await store.create(1, caller="one")
    await store.create(1, caller="two")
    age(folder, last.record.id, 2)
    with pytest.raises(UploadNotFoundError):
        await store.find(last.record.id)
    assert UploadExpiry(folder, UploadSettings()).sweep() == 1


async def test_a_creation_that_fails_leaves_nothing(store: UploadStore, folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.created(5) as upload:
            async with store.part(upload.record.id, 0) as writer:
                await writer.write(b"abc")
                raise ZeroDivisionError
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StorageError):
            await store.create(5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.iterdir()) == []


async def test_what_nobody_adds_to_expires(store: UploadStore, folder: Path) -> None:
    old, young = await sent(store, b"old"), await sent(store, b"young")
    stray = folder / f"{'0' * 32}.json"
    stray.write_text("{}")
    age(folder, old, 25)
    age(folder, "0" * 32, 25)
    with pytest.raises(UploadNotFoundError):
        await store.find(old)
    expiry = UploadExpiry(folder, UploadSettings())
    with locked(folder / f"{old}.bytes"):
        assert expiry.sweep() == 0
    assert expiry.sweep() == 1
    assert sorted(path.name for path in folder.iterdir()) == [f"{young}.bytes", f"{young}.json"]


async def test_the_sweep_runs_by_itself_also_where_there_is_no_folder_yet(
    store: UploadStore, folder: Path
) -> None:
    empty = UploadExpiry(folder / "none", UploadSettings())
    empty.start()
    upload_id = await sent(store, b"old")
    age(folder, upload_id, 25)
    expiry = UploadExpiry(folder, UploadSettings())
    expiry.start()
    async with asyncio.timeout(60):
        while any(folder.iterdir()):
            await asyncio.sleep(0.01)
    await expiry.close()
    await empty.close()


async def test_a_damaged_record_is_no_upload(store: UploadStore, folder: Path) -> None:
    upload_id = await sent(store, b"x")
    (folder / f"{upload_id}.json").write_text('{"id": ')
    with pytest.raises(UploadNotFoundError):
        await store.find(upload_id)
    await store.create(1)
