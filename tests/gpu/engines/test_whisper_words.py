"""Words and segments out of tokens with times."""

from __future__ import annotations

import pytest

from app.domain.time import Span
from app.domain.transcript import Word
from app.gpu.engines.whisperx.whisper_decoder import TokenTimes, token_limit
from app.gpu.engines.whisperx.whisper_vocabulary import TokenGroup
from app.gpu.engines.whisperx.whisper_words import build_words
from app.gpu.sentence_segments import build_segments

WINDOW = Span(10_000, 20_000)


def pieces(*texts: str) -> list[TokenGroup]:
    return [TokenGroup(text, place, place + 1) for place, text in enumerate(texts)]


def times(count: int, step_ms: int = 200) -> TokenTimes:
    return TokenTimes(
        tuple(step_ms * place for place in range(count + 1)),
        tuple(0.5 + 0.01 * place for place in range(count)),
    )


def words(*texts: str) -> list[Word]:
    return build_words(pieces(*texts), times(len(texts)), WINDOW)


def written(*texts: str) -> list[str]:
    return [word.text for word in words(*texts)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([" Hel", "lo", ",", " you", "."], ["Hello,", "you."]),
        ([" well", "-", "known", " fact"], ["well-known", "fact"]),
        ([" it", "'s", " 3", ".", "5", "%"], ["it's", "3.5%"]),
        ([" Ça", " va", " ?", " Oui"], ["Ça", "va ?", "Oui"]),
        ([" «", " Oui", " »", " dit"], ["« Oui »", "dit"]),
        ([" ¿", "Qué", "?"], ["¿Qué?"]),
        ([' "', "No", '."'], ['"No."']),
        (["안녕", "하세요", " 여러분"], ["안녕하세요", "여러분"]),
        (["今天", "很", "好", "。", "「", "走", "」"], ["今天", "很", "好。", "「走」"]),
        (["きょう", "ー", "は", " Sony", "で"], ["きょうー", "は", "Sony", "で"]),
        (["สวัส", "ดี", "ครับ"], ["สวัส", "ดี", "ครับ"]),
        (["กา", "้", "ง"], ["กา้", "ง"]),
        ([" na", "\ufffd", " \ufffd", " so"], ["na", "so"]),
    ],
)
def test_words_by_script(given: list[str], expected: list[str]) -> None:
    assert written(*given) == expected


def test_no_blank_is_written_before_glued_words() -> None:
    assert [word.glued for word in words("今天", "好", " Sony", "で")] == [True, True, False, True]
    assert [word.glued for word in words("Hel", "lo", " you")] == [False, False]


def test_times_and_confidence_come_from_the_words_own_tokens() -> None:
    first, second = words(" Hel", "lo", " you")
    assert first.span == Span(10_000, 10_400)
    assert second.span == Span(10_400, 10_600)
    assert first.confidence == pytest.approx(0.505)
    assert second.confidence == pytest.approx(0.52)


def test_words_stay_inside_the_window_and_in_order() -> None:
    late = TokenTimes((9_800, 9_800, 9_800, 10_400), (1.0, 1.0, 1.0))
    spans = [word.span for word in build_words(pieces(" a", " b", " c"), late, WINDOW)]
    assert spans == [Span(19_800, 19_820), Span(19_820, 19_840), Span(19_840, 20_000)]
    crowded = TokenTimes((10_000,) * 4, (1.0,) * 3)
    assert [word.span for word in build_words(pieces(" a", " b", " c"), crowded, WINDOW)] == [
        Span(20_000, 20_000)
    ] * 3


def test_silence_around_sentences_is_not_part_of_a_word() -> None:
    starts = TokenTimes((0, 3_000, 3_300, 7_000, 7_300, 10_000), (1.0,) * 5)
    spans = [
        (word.span.start_ms - 10_000, word.span.end_ms - 10_000)
        for word in build_words(pieces(" One", " two", " three.", " Four", " five"), starts, WINDOW)
    ]
    assert spans == [(1_600, 3_000), (3_000, 3_300), (3_300, 4_700), (7_000, 7_300), (7_300, 8_700)]


def test_nothing_makes_no_words() -> None:
    assert build_words([], TokenTimes((0,), ()), WINDOW) == []
    assert build_segments([], "en") == []


def segments(*texts: str, glued: bool = False) -> list[str]:
    made = [
        Word(text, Span(place * 300, place * 300 + 300), glued=glued)
        for place, text in enumerate(texts)
    ]
    return [segment.text for segment in build_segments(made, "en")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("It rains. We stay. And", ["It rains.", "We stay.", "And"]),
        ("Mr. Smith met Dr. J. R. Jones.", ["Mr. Smith met Dr. J. R. Jones."]),
        ("It costs 3.5 euros! Really? Yes…", ["It costs 3.5 euros!", "Really?", "Yes…"]),
        ('He said "no." Then left.', ['He said "no."', "Then left."]),
        ("We wait … and wait.", ["We wait … and wait."]),
        ("The U.S. Army came.", ["The U.S. Army came."]),
        ("क्या हुआ। चलो।", ["क्या हुआ।", "चलो।"]),
        ("no marks at all", ["no marks at all"]),
    ],
)
def test_one_segment_a_sentence(given: str, expected: list[str]) -> None:
    assert segments(*given.split()) == expected


def test_glued_sentences() -> None:
    assert segments("今天", "很好。", "走", "吧！", glued=True) == ["今天很好。", "走吧！"]


def test_a_segment_covers_its_words() -> None:
    made = [
        Word("One.", Span(100, 300), 0.9),
        Word("Two", Span(350, 600), 0.8),
        Word("more", Span(600, 640), 0.2),
    ]
    one, two = build_segments(made, "sv")
    assert (one.span, two.span) == (Span(100, 300), Span(350, 640))
    assert two.words == tuple(made[1:])
    assert two.language == "sv"
    assert two.clear_until_ms == 640
    assert one.confidence == pytest.approx(0.9)
    assert two.confidence == pytest.approx(0.4), "the geometric mean of its words"
    assert build_segments([Word("A", Span(0, 100), 0.0)], "sv")[0].confidence < 1e-8


@pytest.mark.parametrize(
    ("duration_ms", "tokens"), [(0, 16), (1_000, 28), (12_000, 160), (30_000, 224)]
)
def test_room_for_tokens(duration_ms: int, tokens: int) -> None:
    assert token_limit(duration_ms) == tokens
