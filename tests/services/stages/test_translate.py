"""The translation stage: order, batches, failures and cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from app.domain.cue import Cue
from app.domain.errors import (
    EngineError,
    InvalidLanguageError,
    TranslationAuthError,
    TranslationError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.domain.events import Notice
from app.domain.language import Language
from app.domain.time import Span
from app.services.stages.stage_clock import StageClock
from app.services.stages.translate import translate_cues
from app.services.translation.providers.apertium import ApertiumTranslator
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import SourceLine
from app.settings import Settings
from tests.services.stages.translating import (
    SPANISH,
    ScriptedTranslator,
    Source,
    cue,
    failing,
    no_notice,
    translated,
)


async def test_every_cue_once_in_order_with_the_next_revision():
    async def backwards(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in reversed(lines):
            await asyncio.sleep(0)
            yield line.id, line.text.upper()

    translator = ScriptedTranslator(backwards)
    out = [each async for each in translated(Source([cue(n) for n in range(50)]), translator)]
    assert [each.id for each in out] == list(range(50))
    assert {each.revision for each in out} == {1}
    assert all(each.translation == each.text.upper() for each in out)
    assert translator.peak <= translator.concurrency


async def test_batches_grow_and_carry_the_lines_before_them():
    translator = ScriptedTranslator(concurrency=1)
    assert [each async for each in translated(Source([cue(n) for n in range(9)]), translator)]
    assert translator.batches == [[0, 1], [2, 3, 4, 5], [6, 7, 8]]
    assert translator.contexts == [[], [0, 1], [3, 4, 5]]


async def test_a_cue_leaves_before_its_batch_is_done():
    first_seen = asyncio.Event()

    async def second_waits_for_first(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        yield lines[0].id, "first"
        await first_seen.wait()
        yield lines[1].id, "second"

    out: list[str | None] = []
    async with asyncio.timeout(20):
        source = Source([cue(0), cue(1)])
        async for each in translated(source, ScriptedTranslator(second_waits_for_first)):
            out.append(each.translation)
            first_seen.set()
    assert out == ["first", "second"]


async def test_a_pause_of_the_producer_does_not_hold_the_first_cue_back():
    first_seen = asyncio.Event()

    async def slow() -> AsyncIterator[Cue]:
        yield cue(0)
        await first_seen.wait()
        yield cue(1)

    translator = ScriptedTranslator()
    async with asyncio.timeout(20):
        async for each in translate_cues(
            slow(), translator, TranslationJob(SPANISH), StageClock(), no_notice
        ):
            if each.id == 0:
                first_seen.set()
    assert translator.batches == [[0], [1]]


async def test_several_batches_are_in_flight_but_order_is_kept():
    released = asyncio.Event()

    async def first_batch_last(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        if lines[0].id == 0:
            await released.wait()
        elif lines[0].id == 6:
            released.set()
        for line in lines:
            yield line.id, "x"

    async with asyncio.timeout(20):
        source = Source([cue(n) for n in range(10)])
        out = [each.id async for each in translated(source, ScriptedTranslator(first_batch_last))]
    assert out == list(range(10))


async def test_a_slow_reader_slows_the_producer():
    source = Source([cue(n) for n in range(500)])
    stage = translated(source, ScriptedTranslator())
    await anext(stage)
    for _ in range(200):
        await asyncio.sleep(0)
    assert source.taken <= 4 * 32 + 5
    await stage.aclose()


async def test_cues_in_the_target_language_pass_with_their_text():
    cues = [cue(0), cue(1, "es-MX"), cue(2, "und"), cue(3, "es"), cue(4, "no such tag")]
    translator = ScriptedTranslator()
    out = [each async for each in translated(Source(cues), translator)]
    texts = [each.translation for each in out]
    assert texts == ["LINE 0", "line 1", "LINE 2", "line 3", "LINE 4"]
    assert [pair.source for pair in translator.pairs] == [Language("en"), None]
    assert translator.batches == [[0], [2, 4]]


async def test_an_incomplete_batch_fails_after_what_precedes_it():
    async def loses_five(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in lines:
            await asyncio.sleep(0.001)
            if line.id != 5:
                yield line.id, "x"

    source = Source([cue(n) for n in range(40)])
    translator = ScriptedTranslator(loses_five)
    seen, error = await failing(translated(source, translator))
    assert seen == [0, 1, 2, 3, 4]
    assert isinstance(error, TranslationIncompleteError)
    assert error.missing == (5,)
    assert source.closed
    assert translator.in_flight == 0
    assert len(translator.batches) <= 2 + translator.concurrency


@pytest.mark.parametrize("kind", [TranslationAuthError, TranslationQuotaError])
async def test_a_refused_key_stops_everything_in_flight_at_once(kind: type[TranslationError]):
    async def second_batch_is_refused(
        lines: Sequence[SourceLine],
    ) -> AsyncIterator[tuple[int, str]]:
        if lines[0].id == 2:
            raise kind("refused")
        await asyncio.Event().wait()
        yield 0, ""

    translator = ScriptedTranslator(second_batch_is_refused)
    source = Source([cue(n) for n in range(40)])
    async with asyncio.timeout(20):
        seen, error = await failing(translated(source, translator))
    assert (seen, type(error)) == ([], kind)
    assert translator.in_flight == 0
    assert translator.cancelled == len(translator.batches) - 1
    assert source.closed


async def test_an_error_of_the_producer_comes_after_its_cues():
    source = Source([cue(n) for n in range(5)], EngineError("the engine failed"))
    seen, error = await failing(translated(source, ScriptedTranslator()))
    assert seen == [0, 1, 2, 3, 4]
    assert error.message == "the engine failed"


async def test_a_language_that_is_not_served_stays_as_spoken_and_is_told():
    cues = [cue(0, "ja"), cue(1), cue(2, "ja"), cue(3)]
    notices: list[Notice] = []
    stage = translated(Source(cues), ScriptedTranslator(), notice=notices.append)
    assert [each.translation async for each in stage] == [None, "LINE 1", None, "LINE 3"]
    [told] = notices
    assert told.code == "language_not_translated"
    assert told.message == (
        "2 cues are shown as spoken, in Japanese, between 0.0 and 5.0 s: the translator has no "
        "pair for it and Spanish"
    )


async def test_where_no_language_is_served_the_end_is_an_error():
    cues = [cue(0, "ja"), cue(1, "ja")]
    seen, error = await failing(translated(Source(cues), ScriptedTranslator()))
    assert seen == [0, 1], "what was said is not lost"
    assert isinstance(error, InvalidLanguageError)


async def test_a_defect_of_a_translator_ends_the_stage():
    async def broken(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        yield lines[0].id, "x"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(20):
            async for _ in translated(
                Source([cue(n) for n in range(9)]), ScriptedTranslator(broken)
            ):
                pass


async def test_an_error_after_the_last_answer_of_a_batch_costs_nothing():
    async def late_error(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in lines:
            yield line.id, "x"
        raise TranslationError("too late to matter")

    async with asyncio.timeout(20):
        source = Source([cue(n) for n in range(20)])
        out = [each.id async for each in translated(source, ScriptedTranslator(late_error))]
    assert out == list(range(20))


@pytest.mark.parametrize("how", ["aclose", "cancel"])
async def test_a_reader_that_leaves_stops_everything(how: str):
    async def first_only(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        yield lines[0].id, "x"
        await asyncio.Event().wait()

    translator = ScriptedTranslator(first_only)
    source = Source([cue(n) for n in range(40)])
    stage = translated(source, translator)
    assert (await anext(stage)).id == 0
    if how == "aclose":
        await stage.aclose()
    else:
        reader = asyncio.ensure_future(anext(stage))
        await asyncio.sleep(0.01)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
    assert source.closed
    assert translator.in_flight == 0
    assert translator.cancelled == len(translator.batches) > 0
    assert len(asyncio.all_tasks()) == 1


async def test_no_cues_no_calls():
    translator = ScriptedTranslator()
    assert [each async for each in translated(Source([]), translator)] == []
    assert translator.batches == []


async def test_with_the_real_apertium():
    texts = ["The house is red.", "The dog eats.", "♪", "I like ice", "cream and dogs."] * 8
    cues = [
        Cue(n, Span(n * 1000, n * 1000 + 990), t, language="en-US") for n, t in enumerate(texts)
    ]
    clock = StageClock()
    job = TranslationJob(SPANISH)
    stage = translate_cues(
        Source(cues).stream(), ApertiumTranslator(Settings()), job, clock, no_notice
    )
    out = [(each.id, each.translation) async for each in stage]
    assert [number for number, _ in out] == list(range(40))
    assert [text for _, text in out[:3]] == ["La casa es roja.", "El perro come.", "♪"]
    assert "helado" in " ".join(text or "" for _, text in out[3:5])
    assert [text for _, text in out] == [text for _, text in out[:5]] * 8
    assert clock.stage_ms["translate"] > 0
