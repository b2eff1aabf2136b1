"""The translation stage: sentences in, cue times out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from app.domain.cue import Cue
from app.domain.errors import TranslationIncompleteError
from app.domain.language import Language
from app.domain.profile import PROFILES
from app.domain.time import Span
from app.services.stages.stage_clock import StageClock
from app.services.stages.translate import translate_cues
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import TOLERATED_LENGTH, SourceLine, TranslationContext
from tests.services.stages.translating import (
    SPANISH,
    ScriptedTranslator,
    Source,
    failing,
    no_notice,
    shout,
    translated,
)

TEXTS = ["When I was young,", "we went to the sea", "every summer.", "It was far.", "[Waves]"]


def spoken(texts: Sequence[str] = TEXTS, language: str = "en") -> list[Cue]:
    """Return cues that follow one another closely."""
    return [
        Cue(n, Span(n * 2000, n * 2000 + 1900), text, language=language)
        for n, text in enumerate(texts)
    ]


def answering(text: str) -> ScriptedTranslator:
    async def answer(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in lines:
            yield line.id, text

    return ScriptedTranslator(answer)


async def test_whole_sentences_are_translated_and_divided_over_their_cues():
    translator = ScriptedTranslator()
    cues = spoken()
    out = [each async for each in translated(Source(cues), translator)]
    assert [line.text for line in translator.lines] == [
        "When I was young, we went to the sea every summer.",
        "It was far.",
        "[Waves]",
    ]
    assert [line.id for line in translator.lines] == [0, 3, 4]
    assert [each.translation for each in out] == [text.upper() for text in TEXTS]
    assert [(each.id, each.span, each.text) for each in out] == [
        (each.id, each.span, each.text) for each in cues
    ]
    assert {each.revision for each in out} == {1}


async def test_a_short_translation_leaves_no_cue_empty():
    out = [each async for each in translated(Source(spoken(TEXTS[:3])), answering("Ya."))]
    assert [each.translation for each in out] == ["Ya."] * 3


async def test_the_translator_is_told_the_room_the_brief_and_what_came_before():
    translator = ScriptedTranslator(concurrency=1)
    context = TranslationContext(glossary=(("sea", "mar"),))
    job = TranslationJob(SPANISH, PROFILES["bbc"], context)
    assert [each async for each in translated(Source(spoken()), translator, job)]
    rooms = [int(room / TOLERATED_LENGTH) for room in (3 * 32, 32, 32)]
    assert [line.room_chars for line in translator.lines] == rooms
    assert set(translator.briefs) == {context}
    assert translator.contexts == [[], [0, 3]]


async def test_a_term_of_the_glossary_stays_in_one_piece():
    text = "Todos los años vamos a Nueva York en julio"
    context = TranslationContext(glossary=(("New York", "Nueva York"),))
    for words in range(1, 8):
        cues = spoken(["x " * words + "x", "y " * (8 - words) + "y."])
        stage = translated(Source(cues), answering(text), TranslationJob(SPANISH, context=context))
        pieces = [each.translation or "" async for each in stage]
        assert " ".join(pieces) == text
        assert any("Nueva York" in piece for piece in pieces)


async def test_a_unit_in_the_target_language_keeps_each_cue_as_it_is():
    cues = spoken(["cuando era  niño,", "fuimos al mar."], language="es")
    translator = ScriptedTranslator()
    out = [each async for each in translated(Source(cues), translator)]
    assert [each.translation for each in out] == [each.text for each in cues]
    assert translator.batches == []


async def test_an_error_names_every_cue_of_the_units_that_failed():
    async def loses_the_first(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in lines:
            if line.id != 1:
                yield line.id, "x"
        raise TranslationIncompleteError([1])

    cues = spoken(["Hello.", *TEXTS])
    seen, error = await failing(translated(Source(cues), ScriptedTranslator(loses_the_first)))
    assert seen == [0]
    assert isinstance(error, TranslationIncompleteError)
    assert error.missing == (1, 2, 3)
    assert "1, 2, 3" in error.message


async def test_an_answer_without_text_is_no_answer():
    seen, error = await failing(translated(Source(spoken(["Hello."])), answering("  ")))
    assert (seen, type(error)) == ([], TranslationIncompleteError)


async def test_the_part_that_is_watched_lends_no_context_to_what_precedes_it():
    later = [Cue(n, Span(n * 2000 + 60_000, n * 2000 + 61_000), "Later.") for n in range(3)]
    earlier = [Cue(n + 3, Span(n * 2000, n * 2000 + 1000), "Earlier.") for n in range(3)]
    translator = ScriptedTranslator(concurrency=1)
    translator.batch_sizes = (3,)
    out = [each.id async for each in translated(Source([*later, *earlier]), translator)]
    assert out == list(range(6))
    assert translator.contexts == [[], []]


# Streaming


async def test_a_sentence_leaves_while_the_next_is_still_spoken():
    first_seen = asyncio.Event()

    async def slow() -> AsyncIterator[Cue]:
        cues = spoken()
        for cue in cues[:3]:
            yield cue
        await first_seen.wait()
        for cue in cues[3:]:
            yield cue

    out: list[int] = []
    async with asyncio.timeout(20):
        stage = translate_cues(
            slow(), ScriptedTranslator(), TranslationJob(SPANISH), StageClock(), no_notice
        )
        async for each in stage:
            out.append(each.id)
            if each.id == 2:
                first_seen.set()
    assert out == list(range(5))


async def test_half_a_sentence_leaves_when_nothing_follows_for_a_while():
    first_seen = asyncio.Event()

    async def slow() -> AsyncIterator[Cue]:
        cues = spoken()
        yield cues[0]
        await first_seen.wait()
        for cue in cues[1:]:
            yield cue

    translator = ScriptedTranslator()
    async with asyncio.timeout(20):
        stage = translate_cues(slow(), translator, TranslationJob(SPANISH), StageClock(), no_notice)
        async for each in stage:
            if each.id == 0:
                first_seen.set()
    assert [line.id for line in translator.lines] == [0, 1, 3, 4]


async def test_cues_leave_one_sentence_at_a_time_however_slow_the_translator():
    gates = [asyncio.Event() for _ in range(3)]

    async def one_by_one(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in lines:
            await gates[[0, 3, 4].index(line.id)].wait()
            async for answer in shout([line]):
                yield answer

    translator = ScriptedTranslator(one_by_one)
    stage = translated(Source(spoken()), translator)
    async with asyncio.timeout(20):
        for gate, ids in zip(gates, ([0, 1, 2], [3], [4]), strict=True):
            gate.set()
            assert [(await anext(stage)).id for _ in ids] == ids
    assert [each async for each in stage] == []


async def test_many_units_at_once_take_every_lane_and_its_share():
    translator = ScriptedTranslator(concurrency=8)
    translator.batch_sizes = (4, 8, 16)

    async def slowly(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in lines:
            await asyncio.sleep(0.01)
            yield line.id, "x"

    translator.answer = slowly
    cues = spoken([word for _ in range(85) for word in ("This is half", "of a sentence.")])
    out = [each.id async for each in translated(Source(cues), translator)]
    assert out == list(range(170))
    sizes = [len(batch) for batch in translator.batches]
    assert sizes[0] == 4
    assert translator.peak == 8
    assert set(sizes[1:8]) == {11}
    assert len(sizes) <= 10


async def test_a_language_without_spaces_is_joined_and_divided_at_phrases():
    cues = spoken(["When I was a child, my parents", "used to take me to the seaside."])
    text = "子供の頃、両親は毎年夏になると私を海辺に連れて行ってくれた。"
    stage = translated(Source(cues), answering(text), TranslationJob(Language("ja")))
    assert [each.translation async for each in stage] == [
        "子供の頃、両親は毎年夏になると",
        "私を海辺に連れて行ってくれた。",
    ]
