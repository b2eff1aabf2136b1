"""Words in sentences, paragraphs and utterances."""

from __future__ import annotations

from app.domain.events import Result
from app.domain.text import join_words
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn, Word
from app.submission.vendors.spoken_passages import (
    bare,
    merged,
    paragraphs,
    sentences,
    utterances,
    words_of_result,
    written,
)


def spoken(text: str, start_ms: int = 0, speaker: str | None = None) -> list[Word]:
    """Return words of 200 ms without pauses."""
    return [
        Word(each, Span(start_ms + 200 * at, start_ms + 200 * (at + 1)), speaker=speaker)
        for at, each in enumerate(text.split())
    ]


def test_marks_around_words_are_no_part_of_them() -> None:
    texts = ["“Well,”", "it's", "50%", "–", "U.S.", "$5,", "№1", "¿qué?"]
    assert [bare(text) for text in texts] == ["Well", "it's", "50%", "", "U.S", "$5", "№1", "qué"]
    words = spoken("“Well,” he said – No.")
    plain = written(words, punctuated=False, cased=False)
    assert join_words(plain) == "well he said no"
    assert join_words(written(words, punctuated=True, cased=True)) == "“Well,” he said – No."


def test_sentences_end_with_a_mark_or_a_speaker() -> None:
    words = [*spoken("Dr. Lee came. She was late"), *spoken("So what?", 1200, "B")]
    found = sentences(words, "en")
    assert [part.text for part in found] == ["Dr. Lee came.", "She was late", "So what?"]
    assert [part.span for part in found] == [Span(0, 600), Span(600, 1200), Span(1200, 1600)]
    assert [part.speaker for part in found] == [None, None, "B"]


def test_paragraphs_end_with_a_pause_a_speaker_or_as_long_ones() -> None:
    many = " ".join(["Yes."] * 7)
    words = [*spoken(many), *spoken("No.", 5_000), *spoken("Why?", 5_200, "B")]
    found = paragraphs(sentences(words, "en"))
    assert [len(group) for group in found] == [5, 2, 1, 1]
    assert merged(found[0]).text == "Yes. Yes. Yes. Yes. Yes."
    assert paragraphs([]) == []


def test_utterances_end_with_a_pause_or_a_speaker() -> None:
    words = [*spoken("one two"), *spoken("three", 1_200), *spoken("four", 1_400, "B")]
    assert [part.text for part in utterances(words, 800)] == ["one two", "three", "four"]
    assert [part.text for part in utterances(words, None)] == ["one two three", "four"]
    assert utterances([], 800) == []


def test_a_segment_without_times_of_words_is_one_word() -> None:
    segment = Segment(" Good morning. ", Span(100, 900), (), "en", 0.8)
    turns = (SpeakerTurn(Span(0, 1000), "SPEAKER_01"),)
    result = Result((), False, "en", 1000, 1, {}, turns=turns, segments=(segment,))
    assert words_of_result(result) == [Word("Good morning.", Span(100, 900), 0.8, "SPEAKER_01")]
