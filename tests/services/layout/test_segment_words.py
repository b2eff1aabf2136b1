"""A segment's words are made fit for layout without changing what was said."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.layout.line_breaks import fits
from app.services.layout.segment_words import words_of


def segment_of(*words: Word, text: str = "") -> Segment:
    return Segment(text, Span(0, 10_000), words, "en", 0.4)


WORDS = st.builds(
    lambda text, start, length, glued: Word(text, Span(start, start + length), glued=glued),
    st.text(max_size=8) | st.text(st.sampled_from("a字 "), min_size=90, max_size=120),
    st.integers(0, 500),
    st.integers(0, 500),
    st.booleans(),
)


@given(st.lists(WORDS, max_size=8))
def test_words_keep_their_promises(said: list[Word]) -> None:
    words = words_of(segment_of(*said), DEFAULT_PROFILE)
    assert all(word.text.split() and fits(word.text, DEFAULT_PROFILE) for word in words)
    assert all(" " not in word.text and "\n" not in word.text for word in words)
    assert all(a.span.start_ms <= b.span.start_ms for a, b in pairwise(words))


def test_words_out_of_order_keep_the_order_of_the_text() -> None:
    said = (Word("one", Span(100, 200)), Word("two", Span(95, 300)), Word("six", Span(290, 290)))
    words = words_of(segment_of(*said), DEFAULT_PROFILE)
    assert [(word.text, word.span) for word in words] == [
        ("one", Span(100, 200)),
        ("two", Span(100, 300)),
        ("six", Span(290, 290)),
    ]


def test_a_word_with_a_space_in_it_is_two_words() -> None:
    words = words_of(segment_of(Word("New York", Span(0, 700), glued=True)), DEFAULT_PROFILE)
    assert [(word.text, word.span, word.glued) for word in words] == [
        ("New", Span(0, 300), True),
        ("York", Span(300, 700), False),
    ]


def test_a_text_without_words_is_spread_by_width() -> None:
    words = words_of(segment_of(text="ab cd 字"), DEFAULT_PROFILE)
    assert [word.span.duration_ms for word in words] == [3_333, 3_333, 3_334]
    assert {word.confidence for word in words} == {0.4}


def test_a_text_without_spaces_is_glued_again() -> None:
    words = words_of(segment_of(text="字字 abc"), DEFAULT_PROFILE)
    assert [(word.text, word.glued) for word in words] == [
        ("字", False),
        ("字", True),
        ("abc", False),
    ]


def test_a_no_break_space_alone_is_no_word() -> None:
    said = (Word("\u00a0", Span(0, 100)), Word("a \u202f\u00a0 b", Span(100, 300)))
    words = words_of(segment_of(*said), DEFAULT_PROFILE)
    assert [(word.text, word.glued) for word in words] == [("a", False), ("b", False)]
