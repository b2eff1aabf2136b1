"""Word times that agree with detected speech."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.stages.voiced_word_times import fit_to_speech


def segment(*words: tuple[str, int, int]) -> Segment:
    spoken = tuple(Word(text, Span(start, end)) for text, start, end in words)
    text = " ".join(word.text for word in spoken)
    return Segment(text, Span(words[0][1], words[-1][2]), spoken, "en")


def times(segments: list[Segment]) -> list[tuple[int, int]]:
    return [(w.span.start_ms, w.span.end_ms) for each in segments for w in each.words]


def test_the_first_word_begins_with_the_speech() -> None:
    heard = segment(("Something", 192_800, 193_480), ("is", 193_480, 193_920))
    fitted = fit_to_speech([heard], [Span(193_216, 193_900)])
    assert times(fitted) == [(193_216, 193_480), (193_480, 193_900)]
    assert fitted[0].span == Span(193_216, 193_900)
    assert fitted[0].text == heard.text


def test_a_late_first_word_and_an_early_last_one_reach_the_edges_of_the_speech() -> None:
    heard = segment(("Extension.", 1_280, 1_700))
    assert times(fit_to_speech([heard], [Span(1_000, 1_850)])) == [(1_000, 1_850)]


def test_speech_long_before_a_word_is_not_taken_for_it() -> None:
    heard = segment(("word", 3_000, 3_400))
    assert times(fit_to_speech([heard], [Span(1_000, 3_400)])) == [(3_000, 3_400)]


def test_a_word_stretched_over_a_pause_stays_with_its_own_phrase() -> None:
    heard = segment(("line.", 900, 1_300), ("Next", 1_300, 2_600), ("one", 2_600, 2_900))
    voiced = [Span(500, 1_200), Span(2_200, 3_000)]
    assert times(fit_to_speech([heard], voiced)) == [(500, 1_200), (2_200, 2_600), (2_600, 3_000)]


def test_a_word_that_begins_just_before_a_pause_it_covers_belongs_after_it() -> None:
    heard = segment(("arrives", 300, 920), ("to", 920, 2_080), ("decrease", 2_080, 2_600))
    voiced = [Span(100, 1_140), Span(2_000, 2_600)]
    assert times(fit_to_speech([heard], voiced)) == [(100, 1_140), (2_000, 2_080), (2_080, 2_600)]


def test_a_long_word_before_a_pause_stays_before_it() -> None:
    heard = segment(("el", 200, 450), ("menú,", 450, 2_080), ("por", 2_080, 2_600))
    voiced = [Span(100, 1_140), Span(2_060, 2_600)]
    assert times(fit_to_speech([heard], voiced)) == [(100, 450), (450, 1_140), (2_060, 2_600)]


def test_an_isolated_word_timed_in_the_pause_returns_to_its_own_speech() -> None:
    """Rather than to the next phrase, which it is nearer to and which has words of its own."""
    before = segment(("default.", 82_652, 83_372))
    alone = segment(("Disattivato.", 85_052, 85_772))
    after = segment(("Asterisk", 85_772, 86_312), ("è", 86_312, 86_632))
    voiced = [Span(79_488, 83_072), Span(84_064, 84_928), Span(85_824, 92_992)]
    fitted = fit_to_speech([before, alone, after], voiced)
    assert fitted[1].span == Span(84_064, 84_928)
    assert fitted[2].span.start_ms == 85_824


def test_a_word_far_from_all_speech_keeps_its_time() -> None:
    heard = [segment(("whisper", 9_000, 9_400)), segment(("loud", 20_000, 20_400))]
    assert times(fit_to_speech(heard, [Span(20_100, 20_500)])) == [(9_000, 9_400), (20_100, 20_500)]


def test_nothing_changes_without_speech_or_words() -> None:
    wordless = Segment("text", Span(0, 900), (), "en")
    assert fit_to_speech([wordless], [Span(100, 500)]) == [wordless]
    assert fit_to_speech([segment(("a", 1, 5))], []) == [segment(("a", 1, 5))]


@st.composite
def transcripts(draw: st.DrawFn) -> tuple[list[Segment], list[Span]]:
    """Words in order, and speech in order with pauses, at times that need not agree."""
    at, segments = 0, []
    for _ in range(draw(st.integers(1, 5))):
        words = []
        for _ in range(draw(st.integers(1, 6))):
            at += draw(st.integers(0, 900))
            words.append(("w", at, at := at + draw(st.integers(0, 700))))
        segments.append(segment(*words))
    at, voiced = 0, []
    for _ in range(draw(st.integers(0, 6))):
        at += draw(st.integers(200, 2_500))
        voiced.append(Span(at, at := at + draw(st.integers(32, 3_000))))
    return segments, voiced


@given(transcripts())
def test_words_stay_in_order_and_none_is_lost(case: tuple[list[Segment], list[Span]]) -> None:
    segments, voiced = case
    fitted = fit_to_speech(segments, voiced)
    assert [each.text for each in fitted] == [each.text for each in segments]
    assert [len(each.words) for each in fitted] == [len(each.words) for each in segments]
    placed = times(fitted)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(placed))
    assert all(
        each.span == Span(each.words[0].span.start_ms, each.words[-1].span.end_ms)
        for each in fitted
    )
