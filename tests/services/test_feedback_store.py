"""Feedback is stored in a file that several workers share."""

import asyncio
import json
import multiprocessing
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.domain.errors import StorageError
from app.services import feedback_store as feedback_module
from app.services.feedback_store import Feedback, FeedbackStats, FeedbackStore


def stored_entries(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "feedback.jsonl").read_text().splitlines()]


def opinion(number: int, rating: int = 1) -> Feedback:
    return Feedback("dQw4w9WgXcQ", number, rating)


async def test_what_is_sent_is_stored(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path / "deep" / "down")
    odd = 'he said "hi"\nand\u2028left \ud83d'
    await store.add(Feedback("dQw4w9WgXcQ", 7, -1, odd, "hola", "x" * 5000, "pt-BR"))
    [entry] = stored_entries(tmp_path / "deep" / "down")
    assert entry.pop("time")
    assert entry == {
        "video_id": "dQw4w9WgXcQ",
        "segment_index": 7,
        "rating": -1,
        "source_text": odd,
        "translated_text": "hola",
        "user_correction": "x" * 500,
        "target_lang": "pt-BR",
    }


async def test_opinions_are_counted(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    assert await store.stats() == FeedbackStats(0, 0, 0)
    assert FeedbackStats().ratio == 0
    for rating in (1, 1, 1, -1):
        await store.add(opinion(0, rating))
    stats = await FeedbackStore(tmp_path).stats()
    assert (stats.total, stats.positive, stats.negative, stats.ratio) == (4, 3, 1, 0.75)


async def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_module, "MAX_ENTRIES", 20)
    monkeypatch.setattr(feedback_module, "_ENTRIES_AFTER_TRIM", 15)
    store = FeedbackStore(tmp_path)
    for number in range(50):
        await store.add(opinion(number))
        assert len(stored_entries(tmp_path)) <= 20
    numbers = [entry["segment_index"] for entry in stored_entries(tmp_path)]
    assert numbers == list(range(50 - len(numbers), 50))
    assert len(numbers) > 15
    assert {path.name for path in tmp_path.iterdir()} == {"feedback.jsonl", "feedback.lock"}


def test_ten_thousand_are_kept() -> None:
    assert feedback_module.MAX_ENTRIES == 10_000


def _add_some(folder: Path, first: int) -> None:
    feedback_module.MAX_ENTRIES, feedback_module._ENTRIES_AFTER_TRIM = 60, 50
    store = FeedbackStore(folder)
    for number in range(first, first + 40):
        asyncio.run(store.add(opinion(number)))


def test_workers_do_not_lose_each_others_lines(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    workers = [spawn.Process(target=_add_some, args=(tmp_path, 100 * n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    entries = [entry["segment_index"] for entry in stored_entries(tmp_path)]
    # 120 lines, and twelve trims or fewer on their way: what is left is whole and has no double.
    assert 50 <= len(entries) == len(set(entries)) <= 60
    # Each worker's lines are in their order, and its last one is there or trimmed by others.
    for n in range(3):
        mine = [entry for entry in entries if isinstance(entry, int) and entry // 100 == n]
        assert mine == sorted(mine)
        assert mine == list(range(mine[0], mine[0] + len(mine))) if mine else True


async def test_half_a_line_is_skipped_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    store = FeedbackStore(tmp_path)
    await store.add(opinion(1))
    with (tmp_path / "feedback.jsonl").open("ab") as file:
        file.write(b'{"rating": 1, "vid')
    await store.add(opinion(2, -1))
    stats = await store.stats()
    assert (stats.total, stats.positive, stats.negative) == (2, 1, 1)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Have the system refuse what lies beyond, as a full disk does: a short write, then none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [10, 0])
async def test_507_a_disk_without_room_gets_half_a_line_back(tmp_path: Path, room: int) -> None:
    store = FeedbackStore(tmp_path)
    await store.add(opinion(1))
    with files_no_larger_than((tmp_path / "feedback.jsonl").stat().st_size + room):
        with pytest.raises(StorageError) as failure:
            await store.add(opinion(2))
    assert "Failed to submit feedback" in failure.value.message
    assert str(tmp_path) not in failure.value.message
    await store.add(opinion(3))
    assert [entry["segment_index"] for entry in stored_entries(tmp_path)] == [1, 3]


async def test_507_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        await FeedbackStore(tmp_path / "file" / "folder").add(opinion(1))
