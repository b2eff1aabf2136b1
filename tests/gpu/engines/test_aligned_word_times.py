"""From labels to words: spelling, and times for every word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.engines.wav2vec2.label_spelling import SEPARATOR, WILDCARD, Alphabet, split_into_words
from app.gpu.engines.wav2vec2.word_times import WordTimes, with_times

NOTHING = Span(0, 0)
WINDOW = Span(1000, 11_000)
NAN = float("nan")
ENGLISH = Alphabet.of(
    {"<pad>": 0, "|": 4, "A": 5, "B": 6, "'": 7, "é": 8, "z": 99}, 32, spaced=True
)


def words(*texts: str, **changes: object) -> list[Word]:
    return [replace(Word(text, NOTHING), **changes) for text in texts]


def spelled(alphabet: Alphabet, *texts: str) -> tuple[list[int], list[int]]:
    spelling = alphabet.spell(words(*texts))
    return spelling.labels.tolist(), spelling.owners.tolist()


def test_letters_of_any_size_and_breaks_between_words() -> None:
    assert spelled(ENGLISH, "Ab", "bÉ") == ([5, 6, 4, 6, 8], [0, 0, SEPARATOR, 1, 1])


def test_marks_that_nobody_reads_have_no_label_and_signs_a_wildcard() -> None:
    assert spelled(ENGLISH, "«A,»", "—", "b…")[1] == [0, SEPARATOR, 2]
    assert spelled(ENGLISH, "a'b", "50%", "€")[0] == [5, 7, 6, 4, -1, -1, -1, 4, -1]
    assert spelled(ENGLISH, "字")[0] == [WILDCARD]
    assert spelled(ENGLISH, "?!", "")[0] == []


def test_a_letter_that_the_network_cannot_tell_is_a_wildcard() -> None:
    assert spelled(ENGLISH, "z")[0] == [WILDCARD]


def test_the_blank_is_the_padding_else_the_first_label_and_never_a_letter() -> None:
    assert ENGLISH.blank == 0
    assert Alphabet.of({"a": 0, "[PAD]": 30}, 32, spaced=True).blank == 30
    torchaudio = Alphabet.of({"-": 0, "|": 1, "A": 2}, 3, spaced=True)
    assert torchaudio.blank == 0
    assert spelled(torchaudio, "a-a", "-")[0] == [2, 2]


def test_scripts_without_blanks_have_no_breaks() -> None:
    chinese = Alphabet.of({"<pad>": 0, "|": 1, "我": 2, "们": 3}, 9, spaced=False)
    assert spelled(chinese, "我们", "我") == ([2, 3, 2], [0, 0, 1])
    glued = ENGLISH.spell([*words("a"), *words("b", glued=True)])
    assert glued.labels.tolist() == [5, 6]


def test_words_of_a_text_that_has_none() -> None:
    spoken = Segment(" Uno dos,  tres. ", Span(5, 9), (), "es", 0.5)
    assert [word.text for word in split_into_words(spoken, spaced=True).words] == [
        "Uno",
        "dos,",
        "tres.",
    ]
    assert all(word.span == spoken.span for word in split_into_words(spoken, spaced=True).words)
    chinese = split_into_words(replace(spoken, text="我们 走。"), spaced=False).words
    assert [(word.text, word.glued) for word in chinese] == [
        ("我", True), ("们", True), ("走", False), ("。", True)
    ]  # fmt: skip
    assert split_into_words(replace(spoken, text="  "), spaced=True).words == ()


def timed(*starts: float, length: float = 200) -> WordTimes:
    begin = np.array(starts)
    return WordTimes(begin, begin + length)


def segment(*spans: tuple[int, int], clear_ms: int = 0, **changes: object) -> Segment:
    made = tuple(Word(f"w{place}", Span(*span), 0.5) for place, span in enumerate(spans))
    span = Span(made[0].span.start_ms, made[-1].span.end_ms)
    text = " ".join(word.text for word in made)
    clear_ms = max(clear_ms, span.end_ms)
    return replace(Segment(text, span, made, "en", 0.7, clear_ms), **changes)


def spans(segments: tuple[Segment, ...]) -> list[tuple[int, int]]:
    return [(w.span.start_ms, w.span.end_ms) for one in segments for w in one.words]


ROUGH = ((2000, 2500), (2500, 3000), (3000, 3500))


def test_words_and_segments_have_the_times_of_the_path() -> None:
    before = segment(*ROUGH)
    [after] = with_times([before], timed(1500, 1800, 2600), WINDOW)
    assert spans((after,)) == [(1500, 1700), (1800, 2000), (2600, 2800)]
    assert after.span == Span(1500, 2800)
    assert after.text == before.text
    assert [word.text for word in after.words] == ["w0", "w1", "w2"]
    assert after.confidence == 0.7
    assert after.clear_until_ms == 3500


def test_all_else_of_a_word_stays() -> None:
    before = segment(*ROUGH)
    marked = tuple(
        replace(word, glued=True, speaker="SPEAKER_01", confidence=known)
        for word, known in zip(before.words, (0.5, 1.0, 0.0), strict=True)
    )
    [after] = with_times([replace(before, words=marked)], timed(1500, 1800, 2600), WINDOW)
    assert [word.confidence for word in after.words] == [0.5, 1.0, 0.0]
    assert all(word.glued and word.speaker == "SPEAKER_01" for word in after.words)


def test_a_word_without_labels_lies_between_its_neighbours() -> None:
    after = with_times([segment(*ROUGH)], timed(1500, NAN, 2600), WINDOW)
    assert spans(after) == [(1500, 1700), (1700, 2600), (2600, 2800)]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((NAN, 5000, 6000), [(4500, 5000), (5000, 5200), (6000, 6200)]),
        ((5000, 6000, NAN), [(5000, 5200), (6000, 6200), (6200, 6700)]),
        ((NAN, NAN, 5000), [(4000, 4500), (4500, 5000), (5000, 5200)]),
    ],
)
def test_at_a_segments_edge_it_keeps_its_length(
    times: tuple[float, ...], expected: list[tuple[int, int]]
) -> None:
    assert spans(with_times([segment(*ROUGH)], timed(*times), WINDOW)) == expected


def test_a_segment_without_labels_keeps_its_times_as_far_as_there_is_room() -> None:
    note = segment((4000, 6000))
    lone = with_times([note], timed(NAN), WINDOW)
    assert spans(lone) == [(4000, 6000)]
    between = [segment(ROUGH[0]), note, segment((7000, 8000))]
    assert spans(with_times(between, timed(3000, NAN, 8000), WINDOW))[1] == (4000, 6000)
    assert spans(with_times(between, timed(3000, NAN, 5000), WINDOW))[1] == (4000, 5000)
    assert spans(with_times(between, timed(4500, NAN, 8000), WINDOW))[1] == (4700, 6000)


def test_words_are_in_order_and_inside_whatever_the_times() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        starts = np.sort(random.uniform(900, 11_000, 8))
        starts[random.random(8) < 0.4] = NAN
        rough = np.sort(random.integers(0, 15_000, 16)).reshape(8, 2).tolist()
        parts = [segment(*rough[:3]), segment(*rough[3:])]
        flat = np.array(spans(with_times(parts, timed(*starts, length=50), WINDOW))).ravel()
        assert (np.diff(flat) >= 0).all()
        assert flat[0] >= WINDOW.start_ms
        assert flat[-1] <= WINDOW.end_ms


def test_room_after_a_segment_ends_where_the_next_one_begins() -> None:
    parts = [segment(ROUGH[0], clear_ms=3000), segment(ROUGH[2], clear_ms=9000)]
    [first, second] = with_times(parts, timed(2000, 2800), WINDOW)
    assert first.clear_until_ms == 2800
    assert second.clear_until_ms == 9000
