"""Segments become cues that obey the profile, whatever the engine says of its words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE, PROFILES, ReadingProfile
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.layout.line_breaks import break_lines
from app.services.layout.tokens import split_spaces
from app.services.layout.width import text_width
from app.services.stages.cues import CueLayout, build_cues


def lay_out(segments: Sequence[Segment], profile: ReadingProfile = DEFAULT_PROFILE) -> list[Cue]:
    layout = CueLayout(profile)
    return [cue for segment in segments for cue in layout.lay_out(segment)]


def spoken(
    text: str,
    start_ms: int = 0,
    word_ms: int = 300,
    gap_ms: int = 20,
    clear_ms: int = 0,
    speaker: str | None = None,
    language: str = "en",
) -> Segment:
    """A segment whose words each take ``word_ms``, with a clear stretch after the last one."""
    words: list[Word] = []
    at_ms = start_ms
    for part in text.split():
        words.append(Word(part, Span(at_ms, at_ms + word_ms), 0.9, speaker))
        at_ms += word_ms + gap_ms
    end_ms = at_ms - gap_ms
    return Segment(text, Span(start_ms, end_ms), tuple(words), language, 0.9, end_ms + clear_ms)


def texts(cues: Sequence[Cue]) -> list[str]:
    return [cue.text for cue in cues]


# ---------------------------------------------------------------------- what always holds

WORD_TEXT = st.one_of(
    st.sampled_from(["the", "a", "and", "Yes.", "well,", "Dr.", "...", "?", "—", "(", "字", "。"]),
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text(st.sampled_from("ab字😀\u0301"), min_size=85, max_size=100),
)
SPEAKER = st.sampled_from([None, "SPEAKER_00", "SPEAKER_01"])


@st.composite
def words(draw: st.DrawFn) -> Word:
    start_ms = draw(st.integers(0, 20_000))
    duration_ms = draw(st.sampled_from([0, 0, 5, 200, 400, 9_000]))
    return Word(
        draw(WORD_TEXT),
        Span(start_ms, start_ms + duration_ms),
        draw(st.floats(0, 1)),
        draw(SPEAKER),
        draw(st.booleans()),
    )


@st.composite
def transcripts(draw: st.DrawFn) -> list[Segment]:
    """Segments with hostile words: nearly in order, overlapping, empty, or none at all."""
    segments = []
    at_ms = 0
    for _ in range(draw(st.integers(1, 4))):
        at_ms += draw(st.sampled_from([0, 40, 2_000]))
        said = []
        for word in draw(st.lists(words(), max_size=15)):
            at_ms += draw(st.sampled_from([0, 60, 250, 700, 3_000]))
            start_ms = max(0, at_ms + draw(st.integers(-15, 15)))
            span = Span(start_ms, start_ms + word.span.duration_ms)
            said.append(replace(word, span=span))
        span = Span(
            min((w.span.start_ms for w in said), default=at_ms),
            max((w.span.end_ms for w in said), default=at_ms + 500),
        )
        text = " ".join(word.text for word in said) or draw(WORD_TEXT)
        clear_ms = draw(st.sampled_from([0, 0, 90, 5_000]))
        segments.append(Segment(text, span, tuple(said), "en", 0.5, span.end_ms + clear_ms))
    return segments


def source_text(segment: Segment) -> str:
    """Return a segment's text without blanks; a word of nothing else is none."""
    texts = [word.text for word in segment.words] or [segment.text]
    said = "".join("".join(split_spaces(text)) for text in texts if text.strip())
    return said or ("".join(split_spaces(segment.text)) if segment.text.strip() else "")


@given(transcripts(), st.sampled_from(list(PROFILES.values())))
@settings(max_examples=20)
def test_no_word_is_lost_or_said_twice(segments: list[Segment], profile: ReadingProfile) -> None:
    shown = "".join("".join(split_spaces(cue.text)) for cue in lay_out(segments, profile))
    written = "".join(map(source_text, segments))
    if profile.speaker_dashes:
        shown, written = shown.replace("-", ""), written.replace("-", "")
    assert shown == written


@given(transcripts(), st.sampled_from(list(PROFILES.values())))
@settings(max_examples=20)
def test_cues_are_sorted_apart_and_neither_empty_nor_too_long(
    segments: list[Segment], profile: ReadingProfile
) -> None:
    cues = lay_out(segments, profile)
    assert [cue.id for cue in cues] == list(range(len(cues)))
    assert all(cue.revision == 0 and cue.text for cue in cues)
    assert all(0 < cue.span.duration_ms <= profile.max_duration_ms for cue in cues)
    assert all(isinstance(ms, int) for c in cues for ms in (c.span.start_ms, c.span.end_ms))
    for before, after in pairwise(cues):
        assert after.span.start_ms - before.span.end_ms >= profile.min_gap_ms


@given(transcripts(), st.sampled_from(list(PROFILES.values())))
@settings(max_examples=20)
def test_every_cue_fits_its_lines(segments: list[Segment], profile: ReadingProfile) -> None:
    for cue in lay_out(segments, profile):
        lines = break_lines(cue.text, profile.in_language(cue.language), cue.language)
        assert len(lines) <= profile.max_lines
        assert all(text_width(line) <= profile.max_line_chars for line in lines)


@given(transcripts())
@settings(max_examples=20)
def test_a_cue_never_starts_before_its_first_word_nor_ends_in_later_speech(
    segments: list[Segment],
) -> None:
    layout = CueLayout(DEFAULT_PROFILE)
    for segment in segments:
        cues = list(layout.lay_out(segment))
        if cues:
            said = [word.span for word in segment.words if split_spaces(word.text)]
            assert cues[0].span.start_ms >= (said or [segment.span])[0].start_ms
            until_ms = max(segment.clear_until_ms, segment.span.end_ms)
            last = cues[-1].span
            # A cue that would be too short ends in later speech, whose cue begins later then.
            assert last.end_ms <= max(until_ms, last.start_ms + DEFAULT_PROFILE.min_duration_ms)


@given(transcripts())
@settings(max_examples=20)
def test_a_cue_is_short_or_hard_to_read_only_for_want_of_room(segments: list[Segment]) -> None:
    profile = DEFAULT_PROFILE
    layout = CueLayout(profile)
    for segment in segments:
        cues = list(layout.lay_out(segment))
        until_ms = max(segment.clear_until_ms, segment.span.end_ms)
        nexts = [*(cue.span.start_ms for cue in cues[1:]), until_ms]
        for cue, next_ms in zip(cues, nexts, strict=False):
            room_ms = next_ms - profile.min_gap_ms - cue.span.start_ms
            assert cue.span.duration_ms >= min(profile.min_duration_ms, room_ms)


@given(transcripts())
@settings(max_examples=20)
@example([Segment("", Span(0, 0), (), "en"), Segment(" ", Span(5, 9), (), "en")])
def test_speakers_and_confidence_are_those_of_the_words(segments: list[Segment]) -> None:
    known = {word.speaker for segment in segments for word in segment.words}
    for cue in lay_out(segments):
        assert cue.speaker is None or cue.speaker in known
        assert 0 <= cue.confidence <= 1


# ---------------------------------------------------------------------- how it reads


def test_a_short_sentence_is_one_cue_with_the_time_of_its_words() -> None:
    (cue,) = lay_out([spoken("Hello there, how are you?", start_ms=1_000, clear_ms=5_000)])
    assert cue == Cue(
        id=0,
        span=Span(1_000, 2_580),
        text="Hello there, how are you?",
        language="en",
        confidence=cue.confidence,
    )
    assert cue.confidence == pytest.approx(0.9)


def test_sentences_part_before_clauses_and_clauses_before_words() -> None:
    said = (
        "We have been here before, in 2008, when Dr. Miller told us that the market "
        "would never recover. It did. Did anybody believe him at the time, I wonder?"
    )
    assert texts(lay_out([spoken(said, clear_ms=900)])) == [
        "We have been here before, in 2008,",
        "when Dr. Miller told us that the market would never recover. It did.",
        "Did anybody believe him at the time, I wonder?",
    ]


@pytest.mark.parametrize("resumes_with", ["everybody", "there"])
def test_speech_without_punctuation_parts_at_its_pauses(resumes_with: str) -> None:
    said = "i walked down to the river this early morning everybody was already there to see them"
    plain = spoken(said).words
    at = said.split().index(resumes_with)
    late = [replace(w, span=Span(w.span.start_ms + 600, w.span.end_ms + 600)) for w in plain[at:]]
    paused = Segment(said, Span(0, late[-1].span.end_ms), (*plain[:at], *late), "en", 0.9, 20_000)
    _, second = lay_out([paused])
    assert second.text.split()[0] == resumes_with
    assert second.span.start_ms == late[0].span.start_ms


def test_no_cue_stays_over_a_long_silence() -> None:
    words = (Word("Well", Span(0, 300)), Word("no.", Span(4_000, 4_300)))
    cues = lay_out([Segment("Well no.", Span(0, 4_300), words, "en", 1.0, 9_000)])
    assert [(cue.text, cue.span) for cue in cues] == [
        ("Well", Span(0, 833)),
        ("no.", Span(4_000, 4_833)),
    ]


def test_a_speaker_change_starts_a_cue() -> None:
    said = [("Are", "A"), ("you", "A"), ("sure?", None), ("Yes.", "B"), ("Good.", "A")]
    words = tuple(
        Word(text, Span(at * 900, at * 900 + 800), 1.0, speaker)
        for at, (text, speaker) in enumerate(said)
    )
    cues = lay_out([Segment("", Span(0, 4_500), words, "en", 1.0, 9_000)])
    assert [(cue.speaker, cue.text) for cue in cues] == [
        ("A", "Are you sure?"),
        ("B", "Yes."),
        ("A", "Good."),
    ]


def test_fast_speech_lingers_as_far_as_the_profile_and_the_room_allow() -> None:
    said = "Extraordinarily complicated considerations notwithstanding"
    roomy = lay_out([spoken(said, word_ms=100, gap_ms=0, clear_ms=5_000)])[0].span
    tight = lay_out([spoken(said, word_ms=100, gap_ms=0, clear_ms=550)])[0].span
    slow = lay_out([spoken(said, word_ms=900, gap_ms=0, clear_ms=5_000)])[0].span
    assert roomy == Span(0, 400 + DEFAULT_PROFILE.linger_ms)
    assert tight == Span(0, 400 + 550 - DEFAULT_PROFILE.min_gap_ms)
    assert slow == Span(0, 3_600)


def test_dense_speech_pulls_the_earlier_cue_in() -> None:
    first = spoken("One two three four.", start_ms=0, gap_ms=0)
    second = spoken("Five six seven eight.", start_ms=1_200, gap_ms=0)
    one, two = lay_out([first, second])
    assert one.span == Span(0, 1_200 - DEFAULT_PROFILE.min_gap_ms)
    assert two.span.start_ms == 1_200


def test_text_without_word_times_is_spread_over_its_span() -> None:
    said = "This is the first sentence of the two that were said. And this one is the second one."
    cues = lay_out([Segment(said, Span(1_000, 9_000), (), "en", 0.7, 12_000)])
    assert texts(cues) == [
        "This is the first sentence of the two that were said.",
        "And this one is the second one.",
    ]
    assert cues[0].span.start_ms == 1_000
    assert 5_800 <= cues[1].span.start_ms <= 6_200
    assert cues[1].span.end_ms == 9_000
    assert cues[1].confidence == pytest.approx(0.7)


def test_glued_words_join_without_a_space() -> None:
    said = "今日は天気がいいですね。散歩に行きましょう。"
    words = tuple(
        Word(char, Span(at * 200, at * 200 + 200), glued=True) for at, char in enumerate(said)
    )
    cues = lay_out([Segment(said, Span(0, len(said) * 200), words, "ja", 1.0, 9_000)])
    assert "".join(texts(cues)) == said
    assert all(cue.language == "ja" for cue in cues)


def test_an_endless_token_is_cut_to_fit_and_loses_nothing() -> None:
    token = "abcdefghij" * 50
    words = (Word(token, Span(0, 10_000)),)
    cues = lay_out([Segment(token, Span(0, 10_000), words, "en", 1.0, 12_000)])
    assert "".join(texts(cues)) == token
    assert len(cues) == 6
    assert cues[3].span.start_ms == pytest.approx(5_040, abs=20)


def test_a_mark_on_its_own_stays_with_its_word() -> None:
    words = ["word"] * 40
    words[20:20] = [",", "!", "?"]
    cues = lay_out([spoken(" ".join(words), clear_ms=900)])
    assert len(cues) > 1
    assert not any(cue.text[0] in ",!?" for cue in cues)


def test_a_flash_joins_its_neighbour() -> None:
    said = (("No.", 0, 200), ("No.", 520, 700), ("Listen", 1_050, 1_900), ("now.", 1_900, 2_600))
    words = tuple(Word(text, Span(start, end)) for text, start, end in said)
    cues = lay_out([Segment("", Span(0, 2_600), words, "en", 1.0, 5_000)])
    assert all(cue.span.duration_ms >= DEFAULT_PROFILE.min_duration_ms for cue in cues)


def test_long_unpunctuated_speech_makes_even_cues() -> None:
    cues = lay_out([spoken(" ".join(["word"] * 400), clear_ms=900)])
    widths = [text_width(cue.text) for cue in cues]
    assert min(widths) >= 0.8 * max(widths)


# ---------------------------------------------------------------------- how it streams


async def test_cues_leave_before_the_next_segment_is_asked_for() -> None:
    asked: list[str] = []

    async def source() -> AsyncIterator[Segment]:
        for name, start_ms in (("One.", 0), ("Two.", 5_000)):
            asked.append(name)
            yield spoken(name, start_ms=start_ms, clear_ms=500)

    cues = build_cues(source(), DEFAULT_PROFILE)
    assert (await anext(cues)).text == "One."
    assert asked == ["One."]
    assert (await anext(cues)).text == "Two."


async def test_stopping_early_closes_the_source() -> None:
    closed: list[bool] = []

    async def source() -> AsyncIterator[Segment]:
        try:
            yield spoken("One. Two.")
        finally:
            closed.append(True)

    cues = build_cues(source(), DEFAULT_PROFILE)
    await anext(cues)
    await cues.aclose()  # type: ignore[attr-defined]
    assert closed == [True]
