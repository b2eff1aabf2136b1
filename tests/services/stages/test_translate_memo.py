"""The translation stage: what earlier jobs have translated is not asked again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from app.domain.errors import TranslationAuthError, TranslationError
from app.domain.profile import ReadingProfile
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translation_memory import unit_key
from app.services.translation.translator import SourceLine
from tests.services.stages.translating import (
    SPANISH,
    ScriptedTranslator,
    Source,
    cue,
    failing,
    shout,
    translated,
)


class DictMemo:
    """Keeps what was put, and what of it was saved."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.saved: dict[str, str] = {}
        self.hits = self.misses = self.due = 0

    def get(self, key: str) -> str | None:
        found = self.texts.get(key)
        self.hits += found is not None
        self.misses += found is None
        return found

    def put(self, key: str, text: str) -> None:
        self.texts[key] = text

    async def save_if_due(self) -> None:
        self.due += 1

    async def save(self) -> None:
        self.saved = dict(self.texts)


def job(memory: DictMemo, profile: ReadingProfile | None = None) -> TranslationJob:
    if profile is None:
        return TranslationJob(SPANISH, memory=memory)
    return TranslationJob(SPANISH, profile, memory=memory)


CUES = [cue(n) for n in range(20)]


async def test_a_second_job_asks_nothing():
    memory = DictMemo()
    first = [each async for each in translated(Source(CUES), ScriptedTranslator(), job(memory))]
    assert (memory.hits, memory.misses, memory.due) == (0, 20, 20)
    assert len(memory.saved) == 20
    translator = ScriptedTranslator()
    second = [each async for each in translated(Source(CUES), translator, job(memory))]
    assert second == first
    assert translator.batches == []
    assert memory.hits / (memory.hits + memory.misses) == 0.5


async def test_only_what_changed_is_asked_with_what_came_before_it():
    memory = DictMemo()
    assert [each async for each in translated(Source(CUES), ScriptedTranslator(), job(memory))]
    changed = list(CUES)
    changed[10] = replace(changed[10], text="another line")
    translator = ScriptedTranslator()
    out = [each async for each in translated(Source(changed), translator, job(memory))]
    assert [each.id for each in out] == list(range(20))
    assert translator.batches == [[10, 11]]
    assert translator.contexts == [[7, 8, 9]]


async def test_less_room_is_another_question():
    memory = DictMemo()
    assert [each async for each in translated(Source(CUES), ScriptedTranslator(), job(memory))]
    narrow = ReadingProfile("narrow", max_cps=5.0)
    translator = ScriptedTranslator()
    assert [each async for each in translated(Source(CUES), translator, job(memory, narrow))]
    assert sum(map(len, translator.batches)) == 20


async def test_a_line_in_the_target_language_is_not_looked_up():
    memory = DictMemo()
    source = Source([cue(0, "es"), cue(1)])
    assert [each async for each in translated(source, ScriptedTranslator(), job(memory))]
    assert memory.hits + memory.misses == 1


async def test_hits_leave_while_every_lane_is_stuck():
    memory = DictMemo()
    assert [each async for each in translated(Source(CUES), ScriptedTranslator(), job(memory))]

    async def never(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        await asyncio.Event().wait()
        yield 0, ""

    new = [cue(n) for n in range(20, 40)]
    stage = translated(Source([*CUES, *new]), ScriptedTranslator(never, concurrency=1), job(memory))
    async with asyncio.timeout(20):
        assert [(await anext(stage)).id for _ in CUES] == [each.id for each in CUES]
    await stage.aclose()


@pytest.mark.parametrize("kind", [TranslationError, TranslationAuthError])
async def test_a_failed_job_goes_on_where_it_stopped(kind: type[TranslationError]):
    memory = DictMemo()

    async def fails_later(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        async for number, text in shout(lines):
            if number == 8:
                raise kind("no more")
            yield number, text

    await failing(translated(Source(CUES), ScriptedTranslator(fails_later, 1), job(memory)))
    assert len(memory.saved) == 8
    translator = ScriptedTranslator()
    out = [each async for each in translated(Source(CUES), translator, job(memory))]
    assert [each.translation for each in out] == [each.text.upper() for each in CUES]
    assert sorted(number for batch in translator.batches for number in batch) == list(range(8, 20))


@pytest.mark.parametrize("how", ["aclose", "cancel"])
async def test_a_job_that_nobody_reads_any_more_saves_what_it_has(how: str):
    memory = DictMemo()

    async def first_only(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        yield lines[0].id, "x"
        await asyncio.Event().wait()

    stage = translated(Source(CUES), ScriptedTranslator(first_only), job(memory))
    async with asyncio.timeout(20):
        await anext(stage)
        if how == "aclose":
            await stage.aclose()
        else:
            reader = asyncio.ensure_future(anext(stage))
            await asyncio.sleep(0.01)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
    assert "x" in memory.saved.values()


def test_the_key_tells_text_language_neighbour_and_room_apart():
    known = unit_key("It was far.", "en", "Hello.", 40)
    assert known == unit_key("It was far.", "en", "Hello.", 40)
    others = {
        unit_key("It was far!", "en", "Hello.", 40),
        unit_key("It was far.", "de", "Hello.", 40),
        unit_key("It was far.", "en", "Hullo.", 40),
        unit_key("It was far.", "en", "Hello.", 10),
        unit_key("It was far.en", "", "Hello.", 40),
    }
    assert len(others | {known}) == 6


def test_room_that_nobody_lacks_makes_no_difference():
    assert unit_key("Hello.", "en", "", 30) == unit_key("Hello.", "en", "", 84)
