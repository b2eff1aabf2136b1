"""Entries are read complete and unaltered, or not at all."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from app.services.cache.stage_store import NullStore
from tests.services.cache.stores import KEY, OTHER, files_of, make_old, store_in

JSON_LIKE = b'{"text": "The water came up very fast last night."}' * 40


@pytest.mark.parametrize("payload", [b"", b"x", b"\n\0 \xff", os.urandom(5000), JSON_LIKE])
async def test_what_was_put_comes_back(tmp_path: Path, payload: bytes) -> None:
    assert await store_in(tmp_path).get("windows", KEY) is None
    assert await store_in(tmp_path).put("windows", KEY, payload)
    assert await store_in(tmp_path).get("windows", KEY) == payload
    assert [path.relative_to(tmp_path) for path in files_of(tmp_path)] == [
        Path("v1", "windows", KEY[:2], KEY)
    ]


async def test_long_text_takes_little_room_and_strangers_may_not_read_it(tmp_path: Path) -> None:
    await store_in(tmp_path).put("windows", KEY, JSON_LIKE)
    [path] = files_of(tmp_path)
    assert path.stat().st_size < len(JSON_LIKE) / 5
    assert path.stat().st_mode & 0o077 == 0
    assert (tmp_path / "v1").stat().st_mode & 0o077 == 0


async def test_the_last_one_put_counts_until_it_is_removed(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    await store.put("windows", KEY, b"first")
    await store.put("windows", KEY, b"second")
    assert await store.get("windows", KEY) == b"second"
    assert await store.get("transcripts", KEY) is None
    assert await store.get("windows", OTHER) is None
    await store.remove("windows", KEY)
    await store.remove("windows", KEY)
    assert await store.get("windows", KEY) is None


@pytest.mark.parametrize("payload", [b"short one", JSON_LIKE])
async def test_any_damaged_byte_is_a_miss_and_goes(tmp_path: Path, payload: bytes) -> None:
    store = store_in(tmp_path)
    await store.put("windows", KEY, payload)
    [path] = files_of(tmp_path)
    sound = path.read_bytes()
    places = {*range(70), len(sound) // 2, len(sound) - 1}
    for place in sorted(places & set(range(len(sound)))):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        assert await store.get("windows", KEY) is None, f"byte {place}"
        assert not path.exists()
    path.write_bytes(sound)
    assert await store.get("windows", KEY) == payload, "the damage alone was to blame"


@pytest.mark.parametrize("payload", [b"short one", JSON_LIKE])
async def test_a_cut_or_lengthened_entry_is_a_miss_and_goes(tmp_path: Path, payload: bytes) -> None:
    store = store_in(tmp_path)
    await store.put("windows", KEY, payload)
    [path] = files_of(tmp_path)
    sound = path.read_bytes()
    for content in [*(sound[:end] for end in range(0, len(sound), 9)), sound + b"\0", sound * 2]:
        path.write_bytes(content)
        assert await store.get("windows", KEY) is None
        assert not path.exists()


async def test_an_entry_in_anothers_place_is_a_miss_and_goes(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    await store.put("windows", KEY, b"mine")
    [mine] = files_of(tmp_path)
    for stage, key in (("windows", OTHER), ("transcripts", KEY)):
        await store.put(stage, key, b"theirs")
        theirs = tmp_path / "v1" / stage / key[:2] / key
        shutil.copy(mine, theirs)
        assert await store.get(stage, key) is None
        assert not theirs.exists()
    assert await store.get("windows", KEY) == b"mine"


async def test_links_and_pipes_are_no_entries(tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    await store.put("windows", KEY, b"mine")
    [place] = files_of(tmp_path)
    outside = tmp_path / "outside"
    place.rename(outside)
    place.symlink_to(outside)
    assert await store.get("windows", KEY) is None
    assert not place.is_symlink()
    assert outside.exists(), "the link is ours, what it leads to is not"
    os.mkfifo(place)
    assert await asyncio.wait_for(store.get("windows", KEY), 5) is None
    assert not place.exists()


async def test_a_use_renews_what_lasts_and_not_what_perishes(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for stage, renewed in (("transcripts", True), ("sightings", False)):
        await store.put(stage, KEY, b"x")
        path = tmp_path / "v1" / stage / KEY[:2] / KEY
        before = make_old(path, 7200)
        assert await store.get(stage, KEY) == b"x"
        assert (path.stat().st_mtime > before + 7000) == renewed
        assert (path.stat().st_mtime == pytest.approx(before)) != renewed


@pytest.mark.parametrize(("stage", "limit_s"), [("sightings", 86_400), ("windows", 30 * 86_400)])
async def test_what_is_too_old_is_a_miss_and_goes(
    tmp_path: Path, stage: str, limit_s: float
) -> None:
    store = store_in(tmp_path)
    await store.put(stage, KEY, b"x")
    [path] = files_of(tmp_path)
    make_old(path, limit_s - 60)
    assert await store.get(stage, KEY) == b"x"
    make_old(path, limit_s + 60)
    assert await store.get(stage, KEY) is None
    assert not path.exists()


@pytest.mark.parametrize(
    ("stage", "key"),
    [("..", KEY), ("windows", "../" + KEY), ("a/b", KEY), ("windows", ""), ("windows", "A" * 40)],
)
async def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, stage: str, key: str) -> None:
    with pytest.raises(ValueError, match="name of an entry"):
        await store_in(tmp_path).put(stage, key, b"x")
    assert files_of(tmp_path) == []


async def test_changes_at_a_time_are_all_made(tmp_path: Path) -> None:
    async def add(number: int) -> bool:
        return await store_in(tmp_path).update(
            "translations", KEY, lambda old: (old or b"") + b"%d," % number
        )

    assert all(await asyncio.gather(*(add(number) for number in range(20))))
    payload = await store_in(tmp_path).get("translations", KEY)
    assert payload is not None
    assert sorted(int(part) for part in payload.split(b",")[:-1]) == list(range(20))


async def test_a_null_store_keeps_nothing() -> None:
    store = NullStore()
    assert not await store.put("windows", KEY, b"x")
    assert not await store.update("windows", KEY, lambda old: b"x")
    await store.remove("windows", KEY)
    assert await store.get("windows", KEY) is None
