"""Cues of a recording whose speakers are known: turns share a cue where the profile has dashes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.cue import Cue
from app.domain.profile import PROFILES, profile_named
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.layout import break_lines, lay_out
from app.services.layout.width import text_width
from app.services.pipeline.finalizers import each
from app.services.quality.quality_report import check_quality, shown_cues
from app.services.quality.quality_rule import CheckedTrack
from app.services.stages.cues import build_cues, build_speaker_cues

Lines = Sequence[tuple[str | None, str]]
TALK: Lines = (
    ("A", "Did you see it?"),
    ("B", "No."),
    ("A", "Really?"),
    ("B", "I was at home all day, and nobody called me."),
    ("A", "Oh."),
    ("A", "Well, that is strange."),
)


def talk(lines: Lines, gap_ms: int = 150, language: str = "en", cps: int = 15) -> list[Segment]:
    """Return a segment for each line, one after another: transcribers end one at a sentence."""
    segments: list[Segment] = []
    at_ms = 0
    for speaker, text in lines:
        words: list[Word] = []
        for each_word in text.split():
            end_ms = at_ms + 1000 * (len(each_word) + 1) // cps
            words.append(Word(each_word, Span(at_ms, end_ms - 20), 1.0, speaker))
            at_ms = end_ms
        span = Span(words[0].span.start_ms, words[-1].span.end_ms)
        segments.append(Segment(text, span, tuple(words), language, 1.0, span.end_ms))
        at_ms = span.end_ms + gap_ms
    return segments


async def cues_of(segments: Sequence[Segment], profile: str) -> list[Cue]:
    return [cue async for cue in build_speaker_cues(segments, profile_named(profile))]


async def test_short_turns_of_two_share_a_cue_where_the_profile_has_dashes() -> None:
    cues = await cues_of(talk(TALK), "netflix")
    assert [(cue.text, cue.speaker) for cue in cues] == [
        ("Did you see it?", "A"),
        ("-No.\n-Really?", None),
        ("I was at home all day, and nobody called me.", "B"),
        ("Oh. Well, that is strange.", "A"),
    ]
    assert cues[1].span.start_ms <= talk(TALK)[1].span.start_ms + 100


async def test_a_profile_without_dashes_has_a_cue_for_each_speaker() -> None:
    cues = await cues_of(talk(TALK), "bbc")
    assert [cue.speaker for cue in cues] == ["A", "B", "A", "B", "A"]
    assert not [cue for cue in cues if "\n" in cue.text]


@pytest.mark.parametrize(
    ("language", "shown"),
    [("fr", "- Oui ?\n- Non."), ("nl", "Oui ?\n-Non."), ("de", "-Oui ?\n-Non.")],
)
async def test_the_dashes_are_those_of_the_language(language: str, shown: str) -> None:
    segments = talk((("A", "Oui\u00a0?"), ("B", "Non.")), 60, language)
    (cue,) = await cues_of(segments, "netflix")
    assert cue.text.replace("\u00a0", " ") == shown
    checked = shown_cues([cue], profile_named("netflix"), language)
    report = check_quality(CheckedTrack(checked, profile_named("netflix"), language))
    assert "dialogue_dashes" not in report.summary.broken


async def test_sentences_of_nobody_in_particular_share_no_cue() -> None:
    unknown = talk([(None, text) for _, text in TALK])
    cues = [cue async for cue in build_cues(each(unknown), profile_named("netflix"))]
    assert [cue.text for cue in cues] == [text for _, text in TALK]
    assert [cue.text for cue in await cues_of(unknown, "netflix")] == [text for _, text in TALK]


async def test_other_languages_and_translated_speech_stay_apart() -> None:
    first, second = talk((("A", "Yes."), ("B", "No.")), 60)
    french = replace(second, language="fr")
    assert len(await cues_of([first, french], "netflix")) == 2
    translated = [replace(each_one, translation="Ja.") for each_one in (first, second)]
    cues = await cues_of(translated, "netflix")
    assert [cue.translation for cue in cues] == ["Ja.", "Ja."]


TEXT = st.sampled_from(
    ["No.", "Why?", "I do not know.", "We went to the river, and", "nobody was there at all.", "5"]
)
SPEAKER = st.sampled_from(["A", "B", "C", None])


@settings(max_examples=30)
@given(
    st.lists(st.tuples(SPEAKER, TEXT), min_size=1, max_size=12),
    st.sampled_from([0, 60, 250, 700, 1600]),
    st.sampled_from(sorted(PROFILES)),
)
def test_limits_hold_and_no_word_is_lost(lines: Lines, gap_ms: int, name: str) -> None:
    segments = talk(lines, gap_ms)
    cues = asyncio.run(cues_of(segments, name))
    profile = PROFILES[name].in_language("en")
    shown = "".join("".join(cue.text.split()) for cue in cues).replace("-", "")
    assert shown == "".join("".join(text.split()) for _, text in lines)
    assert [cue.id for cue in cues] == list(range(len(cues)))
    for before, after in pairwise(cues):
        assert after.span.start_ms - before.span.end_ms >= profile.min_gap_ms
    for cue in cues:
        assert profile.min_duration_ms <= cue.span.duration_ms <= profile.max_duration_ms
        found = break_lines(cue.text, profile, "en")
        assert len(found) <= profile.max_lines
        assert all(text_width(line) <= profile.max_line_chars for line in found)
        assert profile.speaker_dashes or "\n" not in cue.text


async def test_all_sentences_are_one_optimum() -> None:
    segments = talk(TALK)
    words = [word for segment in segments for word in segment.words]
    whole = lay_out(words, profile_named("netflix"), "en", until_ms=segments[-1].span.end_ms)
    cues = await cues_of(segments, "netflix")
    assert [(cue.text, cue.span) for cue in cues] == [(cue.text, cue.span) for cue in whole]
