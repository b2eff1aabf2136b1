"""Result files in a folder: complete or not there, removed by age and size, full disks."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import (
    FileNotStoredError,
    LinkExpiredError,
    LinkInvalidError,
    StorageError,
)
from app.services.files.file_eviction import FileBounds, StoredEntry, files_to_remove
from app.services.files.folder_store import FolderStore
from app.services.files.result_file import NewFile, safe_name
from app.services.files.result_files import ResultFiles
from app.services.files.signed_links import LinkSigner, folder_secret
from app.settings import FileSettings, ServerSettings, Settings

BASE = "http://subtitles.example.org"
MIB = 2**20


def store(folder: Path, **settings: Any) -> FolderStore:
    return FolderStore(folder, FileSettings(**settings))


def new_file(size: int, holder: str = "one", name: str = "a.srt") -> NewFile:
    return NewFile(name, os.urandom(size), "text/plain", holder)


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.bytes"))


async def opened(files: FolderStore, url: str) -> bytes:
    """Return what a link leads to."""
    name, _, query = url.rpartition("/")[2].partition("?")
    fields = dict(pair.split("=", 1) for pair in query.split("&"))
    found = await files.open(name, fields["expires"], fields["signature"])
    return found.path.read_bytes()


async def test_another_worker_on_the_folder_answers_the_link(tmp_path: Path) -> None:
    content = new_file(1000)
    stored = await store(tmp_path).put(content)
    link = await store(tmp_path).link(stored, BASE)
    assert await opened(store(tmp_path), link.url) == content.content


@pytest.mark.parametrize(
    ("settings", "base"),
    [
        ({}, "https://pod7-8000.proxy.runpod.net"),
        ({"public_url": "https://files.example.org"}, "https://files.example.org"),
    ],
)
async def test_links_of_a_pod_lead_through_runpods_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], base: str
) -> None:
    """The address that a client knows, such as that of the queue, is none of the pod's."""
    monkeypatch.setenv("RUNPOD_POD_ID", "pod7")
    pod = Settings(files=FileSettings(**settings), server=ServerSettings(port=8000))
    assert pod.mode == "pod"
    link = await ResultFiles(pod, tmp_path).deliver(new_file(10), base_url="http://10.0.0.5")
    assert link.url.startswith(f"{base}/files/")


async def test_links_that_nobody_signed_and_links_that_have_expired(tmp_path: Path) -> None:
    files = store(tmp_path, file_link_ttl_s=1000)
    link = await files.link(await files.put(new_file(10)), BASE)
    for wrong in (
        link.url.replace("a.srt", "b.srt"),
        link.url.replace("expires=", "expires=9"),
        link.url[:-1] + ("A" if link.url[-1] != "A" else "B"),
        link.url.partition("signature=")[0] + "signature=",
        link.url.partition("signature=")[0] + "signature=ü",
    ):
        with pytest.raises(LinkInvalidError):
            await opened(files, wrong)
    with pytest.raises(LinkExpiredError):
        short = store(tmp_path, file_link_ttl_s=0.001)
        await opened(files, (await short.link(link.file, BASE)).url)
    with pytest.raises(LinkInvalidError):
        other_secret = store(tmp_path, files_secret="x" * 16)
        await opened(other_secret, link.url)


async def test_old_files_are_removed_and_their_links_say_so(tmp_path: Path) -> None:
    files = store(tmp_path)
    link = await files.link(await files.put(new_file(10)), BASE)
    for path in tmp_path.glob(f"{link.file.key}*"):
        os.utime(path, (time.time() - 90_000,) * 2)
    assert await store(tmp_path).sweep() == 1
    with pytest.raises(FileNotStoredError):
        await opened(files, link.url)
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


async def test_a_holder_keeps_his_share_and_loses_his_own_oldest(tmp_path: Path) -> None:
    files = store(tmp_path, files_max_size_mb=2)
    other = await files.put(new_file(MIB // 2, "two"))
    mine = [await files.put(new_file(MIB // 4)) for _ in range(8)]
    kept = {path.stem for path in tmp_path.glob("*.bytes")}
    assert kept == {other.key, *(each.key for each in mine[-4:])}
    with pytest.raises(StorageError, match="no room"):
        await files.put(new_file(MIB + 1))
    assert {path.stem for path in tmp_path.glob("*.bytes")} >= {other.key}


async def test_a_disk_without_room_refuses_and_keeps_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = store(tmp_path)
    kept = await files.put(new_file(1000, "two"))
    full = type("Usage", (), {"total": 10**9, "free": 0})
    monkeypatch.setattr("app.services.files.folder_store.shutil.disk_usage", lambda _: full)
    with pytest.raises(StorageError, match="no room") as refusal:
        await files.put(new_file(10**6))
    assert refusal.value.retryable
    assert not list(tmp_path.glob("*.part"))
    del kept


async def test_a_disk_that_fills_while_a_file_is_written_leaves_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FolderStore, "_write", write)
    files = store(tmp_path)
    with pytest.raises(StorageError, match="No space"):
        await files.put(new_file(1000))
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


async def test_a_part_of_a_dead_writer_is_removed_and_a_fresh_one_stays(tmp_path: Path) -> None:
    files = store(tmp_path)
    await files.put(new_file(10))
    fresh, dead = (tmp_path / f"{digit * 36}.part" for digit in "ab")
    for path in (fresh, dead):
        path.write_bytes(b"half")
    os.utime(dead, (time.time() - 7200,) * 2)
    (tmp_path / "theirs.txt").write_text("not ours")
    await store(tmp_path).sweep()
    assert fresh.exists()
    assert not dead.exists()
    assert (tmp_path / "theirs.txt").exists()


async def test_files_are_for_this_user_alone_and_named_by_nobody_else(tmp_path: Path) -> None:
    folder = tmp_path / "files"
    old = os.umask(0o077)
    try:
        await store(folder).put(new_file(10, name="../../../etc/passwd"))
    finally:
        os.umask(old)
    assert folder.stat().st_mode & 0o077 == 0
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert "passwd" not in path.name


def test_a_holders_name_is_no_hash_that_can_be_looked_up(tmp_path: Path) -> None:
    one, two = LinkSigner(folder_secret(tmp_path / "a")), LinkSigner(folder_secret(tmp_path / "b"))
    assert one.owner("address 1.2.3.4") != two.owner("address 1.2.3.4")
    assert one.owner("address 1.2.3.4") == one.owner("address 1.2.3.4")


@given(st.text(max_size=300))
def test_safe_names_stay_safe_and_short(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe) <= 120
    assert safe not in {".", ".."}
    assert not set(safe) & set('/\\:*?"<>|%#&\x00\n\r')
    assert safe == safe_name(safe)
    safe.encode()


ENTRIES = st.lists(
    st.builds(
        StoredEntry,
        key=st.uuids().map(str),
        owner=st.sampled_from("abc"),
        size_bytes=st.integers(0, 100),
        stored_s=st.floats(0, 1000),
    ),
    max_size=40,
    unique_by=lambda entry: entry.key,
)


@given(ENTRIES, st.integers(0, 500), st.integers(0, 300), st.integers(0, 20))
def test_what_stays_is_within_every_bound_and_no_file_goes_without_need(
    entries: list[StoredEntry], room: int, share: int, most: int
) -> None:
    bounds = FileBounds(ttl_s=500, room_bytes=room, share_bytes=share, most_files=most)
    removed = files_to_remove(entries, bounds, now_s=1000.0)
    gone = {entry.key for entry in removed}
    kept = [entry for entry in entries if entry.key not in gone]
    assert len(gone) == len(removed)
    assert all(entry.stored_s > 500 for entry in kept)
    assert sum(entry.size_bytes for entry in kept) <= room
    assert len(kept) <= most
    for owner in "abc":
        assert sum(entry.size_bytes for entry in kept if entry.owner == owner) <= share
    again = files_to_remove(kept, bounds, now_s=1000.0)
    assert again == []
