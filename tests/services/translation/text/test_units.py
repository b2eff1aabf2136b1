"""Cues put together to the sentences that they were cut from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.cue import Cue
from app.domain.errors import EngineError
from app.domain.profile import PROFILES
from app.domain.time import Span
from app.services.translation.text.pending_units import room_chars
from app.services.translation.text.units import Unit, build_units

_GAP_MS = 83


def spoken(*texts: str, language: str = "en") -> list[Cue]:
    """Return cues that follow one another closely."""
    cues: list[Cue] = []
    at_ms = 0
    for number, text in enumerate(texts):
        cues.append(Cue(number, Span(at_ms, at_ms + 2000), text, language=language))
        at_ms += 2000 + _GAP_MS
    return cues


async def stream(cues: Sequence[Cue]) -> AsyncIterator[Cue]:
    for cue in cues:
        yield cue


async def united(cues: Sequence[Cue]) -> list[Unit]:
    return [unit async for unit in build_units(stream(cues))]


async def texts(cues: Sequence[Cue]) -> list[str]:
    return [unit.text for unit in await united(cues)]


async def test_a_sentence_over_three_cues_is_one_unit():
    cues = spoken("When I was young,", "we went to the sea", "every summer.", "It was far.")
    units = await united(cues)
    assert [unit.text for unit in units] == [
        "When I was young, we went to the sea every summer.",
        "It was far.",
    ]
    assert [unit.id for unit in units] == [0, 3]
    assert units[0].cues == tuple(cues[:3])


async def test_a_cue_of_several_sentences_is_one_unit():
    assert await texts(spoken("Yes. No. Perhaps.", "Go on.")) == ["Yes. No. Perhaps.", "Go on."]


async def test_scripts_without_spaces_are_joined_without():
    assert await texts(spoken("昨日、私は", "友達に会った。", language="ja")) == [
        "昨日、私は友達に会った。"
    ]
    assert await texts(spoken("ฉันไปกินข้าว", "กับเพื่อน", language="th")) == ["ฉันไปกินข้าวกับเพื่อน"]
    assert await texts(spoken("나는 어제", "친구를 만났다.", language="ko")) == [
        "나는 어제 친구를 만났다."
    ]


async def test_a_speaker_a_language_a_pause_and_a_dash_part_units():
    one, two = spoken("so, we", "went on")
    for parted in (
        Cue(1, two.span, "went on", language="de"),
        Cue(1, Span(one.span.end_ms + 700, 9000), "went on", language="en"),
        Cue(1, two.span, "- went on", language="en"),
        Cue(1, two.span, "[Music]", language="en"),
        Cue(1, two.span, "went on", language="en", speaker="SPEAKER_01"),
    ):
        first = Cue(0, one.span, one.text, language="en", speaker="SPEAKER_00")
        assert len(await united([first, parted])) == 2, parted
    near = Cue(1, Span(one.span.end_ms + 699, 9000), "went on", language="en")
    assert len(await united([one, near])) == 1


async def test_a_shorter_pause_parts_units_of_who_writes_no_punctuation():
    def pausing(first: str, *, pause_ms: int) -> list[Cue]:
        late = Span(2000 + pause_ms, 5000 + pause_ms)
        return [Cue(0, Span(0, 2000), first), Cue(1, late, "went on")]

    assert len(await united(pausing("so we", pause_ms=300))) == 2
    assert len(await united(pausing("so we", pause_ms=299))) == 1
    assert len(await united(pausing("well, so we", pause_ms=300))) == 1


async def test_an_unknown_speaker_belongs_to_who_speaks():
    a, b, c = spoken("so we", "went", "on")
    known = [
        Cue(a.id, a.span, a.text, speaker="SPEAKER_00", language="en"),
        b,
        Cue(c.id, c.span, c.text, speaker="SPEAKER_01", language="en"),
    ]
    assert await texts(known) == ["so we went", "on"]


async def test_the_part_that_comes_later_but_was_earlier_is_no_continuation():
    later = Cue(0, Span(60_000, 62_000), "and so", language="en")
    earlier = Cue(1, Span(0, 2000), "at first", language="en")
    assert await texts([later, earlier]) == ["and so", "at first"]


async def test_without_punctuation_units_end_by_their_size():
    units = await united(spoken(*["some words that nobody punctuates"] * 10))
    assert [len(unit.cues) for unit in units] == [4, 4, 2]
    units = await united(spoken(*["x" * 80] * 5))
    assert [len(unit.cues) for unit in units] == [2, 2, 1]
    long = [Cue(n, Span(n * 6000, n * 6000 + 5950), "words", language="en") for n in range(5)]
    assert [len(unit.cues) for unit in await united(long)] == [2, 2, 1]


async def test_a_sentence_that_is_too_long_is_cut_after_a_clause():
    units = await united(spoken("one", "two,", "three", "four", "five", "six."))
    assert [unit.text for unit in units] == ["one two,", "three four five six."]


async def test_an_open_unit_does_not_wait_for_a_late_cue():
    first_seen = asyncio.Event()

    async def slow() -> AsyncIterator[Cue]:
        one, two = spoken("and then", "it rained.")
        yield one
        await first_seen.wait()
        yield two

    async with asyncio.timeout(20):
        found = []
        async for unit in build_units(slow(), linger_s=0.05):
            found.append(unit.text)
            first_seen.set()
    assert found == ["and then", "it rained."]


async def test_a_unit_that_is_whole_does_not_linger():
    async def stuck() -> AsyncIterator[Cue]:
        yield spoken("It is late.")[0]
        await asyncio.Event().wait()

    units = build_units(stuck(), linger_s=3600)
    async with asyncio.timeout(20):
        assert (await anext(units)).text == "It is late."
    await units.aclose()


async def test_an_error_of_the_source_comes_after_what_precedes_it():
    async def broken() -> AsyncIterator[Cue]:
        yield spoken("and then")[0]
        raise EngineError("the engine failed")

    units = build_units(broken())
    assert (await anext(units)).text == "and then"
    with pytest.raises(EngineError):
        await anext(units)


async def test_a_defect_of_the_source_is_no_end():
    async def broken() -> AsyncIterator[Cue]:
        yield spoken("and then")[0]
        raise ZeroDivisionError

    async with asyncio.timeout(20):
        with pytest.raises(ZeroDivisionError):
            assert [unit async for unit in build_units(broken())]


async def test_a_reader_that_leaves_closes_the_source():
    closed = asyncio.Event()

    async def source() -> AsyncIterator[Cue]:
        try:
            for cue in spoken(*["Yes."] * 9):
                yield cue
        finally:
            closed.set()

    units = build_units(source())
    await anext(units)
    await units.aclose()
    assert closed.is_set()
    assert len(asyncio.all_tasks()) == 1


pieces = st.sampled_from(
    ["and so", "it was.", "Why?", "3.", "- No", "[Music]", "♪", "我们", "去吧。", "well,", "x" * 90]
)


@settings(max_examples=100)
@given(
    st.lists(
        st.tuples(
            pieces,
            st.integers(300, 9000),
            st.sampled_from([0, 83, 690, 700, 3000]),
            st.sampled_from([None, "SPEAKER_00", "SPEAKER_01"]),
            st.sampled_from(["en", "zh"]),
        ),
        max_size=30,
    )
)
def test_units_hold_every_cue_once_in_order_within_the_limits(drawn):
    cues: list[Cue] = []
    at_ms = 0
    for text, duration_ms, gap_ms, speaker, language in drawn:
        span = Span(at_ms + gap_ms, at_ms + gap_ms + duration_ms)
        cues.append(Cue(len(cues), span, text, speaker=speaker, language=language))
        at_ms = span.end_ms
    units = asyncio.run(united(cues))
    assert [cue for unit in units for cue in unit.cues] == cues
    for unit in units:
        assert len(unit.cues) <= 4
        assert len({cue.language for cue in unit.cues}) == 1
        assert len({cue.speaker for cue in unit.cues if cue.speaker}) <= 1
        if len(unit.cues) > 1:
            assert unit.cues[-1].span.end_ms - unit.start_ms <= 15_000
            assert sum(len(cue.text) for cue in unit.cues) <= 200


def test_room_is_what_can_be_read_and_what_fits():
    netflix = PROFILES["netflix"]
    context, normal, long = (
        Cue(0, Span(0, 500), "a"),
        Cue(1, Span(600, 2600), "b"),
        Cue(2, Span(3000, 10_000), "c"),
    )
    assert room_chars([context], netflix) == 10
    assert room_chars([normal], netflix) == 40
    assert room_chars([long], netflix) == netflix.max_chars == 84
    assert room_chars([context, normal, long], netflix) == 134
    assert room_chars([normal], PROFILES["bbc"]) == 34
    assert room_chars([Cue(0, Span(5, 5), "a")], netflix) == 1
