"""Captions that exist already, as cues."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.captions import Caption, CaptionKind, Captions
from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE, PROFILES, ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Word
from app.services.layout.line_breaks import fits
from app.services.stages.caption_cues import caption_cues, caption_segments

LONG = (
    "The water came up very fast last night, so we had to tell the people who live near the "
    "bridge, and then we called the others before the sun went down over the hills."
)


def track(*items: tuple[int, int, str], kind: CaptionKind = "manual") -> Captions:
    return Captions("en", kind, tuple(Caption(Span(a, b), text) for a, b, text in items))


async def cues(captions: Captions, profile: ReadingProfile = DEFAULT_PROFILE) -> list[Cue]:
    return [cue async for cue in caption_cues(captions, profile)]


async def rows(captions: Captions) -> list[str]:
    return [f"{c.span.start_ms}-{c.span.end_ms} {c.text}" for c in await cues(captions)]


async def test_peoples_captions_keep_their_words_and_times() -> None:
    captions = Captions(
        "pt-BR",
        "manual",
        (
            Caption(Span(1000, 2500), "- Oi. - Olá."),
            Caption(Span(3000, 3400), "Sim.", speaker="SPEAKER_02"),
        ),
    )
    assert await cues(captions) == [
        Cue(0, Span(1000, 2500), "- Oi. - Olá.", language="pt-BR"),
        Cue(1, Span(3000, 3400), "Sim.", speaker="SPEAKER_02", language="pt-BR"),
    ]


async def test_a_gap_is_made_where_a_cue_can_spare_it() -> None:
    assert await rows(track((0, 2000, "one"), (2000, 2500, "two"), (2500, 4000, "three"))) == [
        "0-1917 one",
        "2000-2500 two",
        "2500-4000 three",
    ]


async def test_no_two_captions_stand_at_once() -> None:
    captions = track(
        (0, 5000, "a sign at the door"),
        (2000, 3000, "someone talks"),
        (6000, 8000, "Yes."),
        (6100, 9000, "No."),
        (6200, 7000, "No."),
    )
    assert await rows(captions) == [
        "0-1917 a sign at the door",
        "2000-3000 someone talks",
        "6000-9000 Yes.\nNo.",
    ]


async def test_what_no_cue_can_hold_is_divided_within_its_time() -> None:
    made = await cues(track((1000, 11_000, LONG), (11_000, 12_000, "Good.")))
    assert len(made) == 4
    assert " ".join(cue.text for cue in made) == f"{LONG} Good."
    assert all(fits(cue.text, DEFAULT_PROFILE) for cue in made)
    assert made[0].span.start_ms == 1000
    assert made[2].span.end_ms <= 11_000
    assert made[3].span == Span(11_000, 12_000)


async def test_one_line_that_stands_for_long_goes_earlier_instead() -> None:
    assert await rows(track((0, 20_000, "♪ la la la ♪"))) == ["0-7000 ♪ la la la ♪"]


def spoken(start_ms: int, text: str, step_ms: int = 300) -> Caption:
    words = tuple(
        Word(word, Span(start_ms + n * step_ms, start_ms + (n + 1) * step_ms))
        for n, word in enumerate(text.split())
    )
    return Caption(Span(start_ms, words[-1].span.end_ms), text, words)


async def test_lines_of_a_machine_become_sentences() -> None:
    captions = Captions(
        "en",
        "auto",
        (
            spoken(0, "we measure the height of the"),
            spoken(1800, "river every morning. the"),
            spoken(3000, "water came up"),
            spoken(9000, "thank you"),
        ),
    )
    made = await cues(captions)
    assert [cue.text for cue in made] == [
        "we measure the height of the river every morning. the water came up",
        "thank you",
    ]
    assert made[1].span.start_ms == 9000
    assert [cue.language for cue in made] == ["en", "en"]
    segments = caption_segments(captions, DEFAULT_PROFILE)
    assert [segment.text for segment in segments] == [cue.text for cue in made]
    assert segments[0].clear_until_ms == 9000


async def test_lines_without_word_times_flow_into_one_another_too() -> None:
    captions = track((0, 2000, "it was the last"), (2000, 3000, "time"), kind="auto")
    assert [cue.text for cue in await cues(captions)] == ["it was the last time"]


async def test_twenty_minutes_without_a_full_stop_are_laid_out() -> None:
    lines = (spoken(n * 2400, "and so we go on and on") for n in range(500))
    made = await cues(Captions("en", "auto", tuple(lines)))
    assert sum(len(cue.text.split()) for cue in made) == 7 * 500
    assert all(fits(cue.text, DEFAULT_PROFILE) for cue in made)


TEXTS = st.text(alphabet="ab .-♪漢", min_size=1, max_size=120).map(
    lambda text: " ".join(text.split()) or "a"
)
ITEMS = st.lists(
    st.tuples(st.integers(0, 20_000), st.integers(0, 15_000), TEXTS), min_size=1, max_size=12
)


@pytest.mark.parametrize("kind", ["manual", "auto"])
@settings(max_examples=60)
@given(items=ITEMS, profile=st.sampled_from(sorted(PROFILES.values(), key=lambda p: p.name)))
async def test_whatever_overlaps_comes_out_in_order_with_every_word(
    kind: CaptionKind, items: list[tuple[int, int, str]], profile: ReadingProfile
) -> None:
    ordered = sorted(items)
    captions = track(*((start, start + lasts, text) for start, lasts, text in ordered), kind=kind)
    made = await cues(captions, profile)
    assert [cue.id for cue in made] == list(range(len(made)))
    assert all(cue.span.end_ms > cue.span.start_ms for cue in made)
    assert all(a.span.end_ms <= b.span.start_ms for a, b in pairwise(made))
    assert all(cue.span.duration_ms <= profile.max_duration_ms for cue in made)
    told = "".join("".join(cue.text for cue in made).split())
    given_text = "".join("".join(text for _, _, text in ordered).split())
    if kind == "auto" or len({text for _, _, text in ordered}) == len(ordered):
        assert told == given_text
