"""What servers answer becomes segments with words and times, whatever shape it has."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.errors import RemoteEngineError
from app.domain.transcript import Segment
from app.gpu.calls.answered_speech import segments_in
from app.gpu.calls.answered_words import written_words
from app.gpu.calls.spoken_languages import language_named

AUDIO = Audio(np.full(160_000, 0.1, np.float32), 16_000 * 100)
"""Ten seconds that begin at 100 s of the recording."""


def segments(answer: Any, language: str | None = None) -> list[Segment]:
    return segments_in(answer, AUDIO, language, "The server")


def words(segment: Segment) -> list[tuple[str, int, int]]:
    return [(word.text, word.span.start_ms, word.span.end_ms) for word in segment.words]


def test_words_beside_the_segments_lend_their_times_to_the_written_ones() -> None:
    answer = {
        "task": "transcribe",
        "language": "english",
        "duration": 10.0,
        "text": "Hello, world. It's 9 o'clock!",
        "segments": [
            {"id": 0, "start": 0.5, "end": 2.0, "text": " Hello, world.", "avg_logprob": -0.2},
            {"id": 1, "start": 3.0, "end": 5.0, "text": " It's 9 o'clock!", "avg_logprob": -0.4},
        ],
        "words": [
            {"word": "Hello", "start": 0.6, "end": 1.0},
            {"word": "world", "start": 1.2, "end": 1.9},
            {"word": "It", "start": 3.1, "end": 3.2},
            {"word": "s", "start": 3.2, "end": 3.3},
            {"word": "9", "start": 3.5, "end": 3.9},
            {"word": "o", "start": 4.0, "end": 4.1},
            {"word": "clock", "start": 4.1, "end": 4.8},
        ],
    }
    first, second = segments(answer)
    assert (first.text, first.language) == ("Hello, world.", "en")
    assert words(first) == [("Hello,", 100_600, 101_000), ("world.", 101_200, 101_900)]
    assert words(second) == [
        ("It's", 103_100, 103_300),
        ("9", 103_500, 103_900),
        ("o'clock!", 104_000, 104_800),
    ]
    assert first.confidence == pytest.approx(math.exp(-0.2))


def test_words_in_the_segments_count_and_their_probabilities_too() -> None:
    inner = [
        {"word": " Good", "start": 1.0, "end": 1.4, "probability": 0.5},
        {"word": " day.", "start": 1.5, "end": 1.9, "probability": 0.75},
    ]
    [segment] = segments(
        {
            "text": "Good day.",
            "segments": [{"start": 1, "end": 2, "text": "Good day.", "words": inner}],
        }
    )
    assert words(segment) == [("Good", 101_000, 101_400), ("day.", 101_500, 101_900)]
    assert [word.confidence for word in segment.words] == [0.5, 0.75]


def test_a_word_that_is_written_otherwise_stands_between_its_neighbours() -> None:
    listed = [
        {"word": "I", "start": 0.0, "end": 0.2},
        {"word": "have", "start": 0.3, "end": 0.5},
        {"word": "twenty", "start": 0.6, "end": 1.0},
        {"word": "dogs", "start": 1.2, "end": 1.5},
    ]
    answer = {"segments": [{"start": 0, "end": 2, "text": "I have 20 dogs"}], "words": listed}
    [segment] = segments(answer)
    spans = {text: (start, end) for text, start, end in words(segment)}
    assert spans["dogs"] == (101_200, 101_500)
    assert 100_500 <= spans["20"][0] <= spans["20"][1] <= 101_200


def test_without_word_times_words_share_their_segment() -> None:
    [segment] = segments(
        {"text": "one three", "segments": [{"start": 2, "end": 4, "text": "one three"}]}
    )
    assert words(segment) == [("one", 102_000, 102_750), ("three", 102_750, 104_000)]


def test_a_text_alone_becomes_sentences_over_the_whole_window() -> None:
    first, second = segments({"text": "He went home. She stayed here."}, "en")
    assert [first.text, second.text] == ["He went home.", "She stayed here."]
    assert first.span.start_ms == 100_000
    assert second.span.end_ms == 110_000
    assert first.language == "en"


def test_scripts_without_spaces_are_words_of_one_character() -> None:
    assert written_words("你好，world 2024年。") == [
        ("你", False),
        ("好，", True),
        ("world", True),
        ("2024", False),
        ("年。", True),
    ]
    assert written_words("안녕 하세요") == [("안녕", False), ("하세요", False)]


@pytest.mark.parametrize(
    ("start", "end"), [(-5, 3), (8, 400), (50, 60), (3, 1), ("1.5", "2.5"), (1e300, 1e301)]
)
def test_times_of_another_clock_are_brought_inside(start: Any, end: Any) -> None:
    answer = {"segments": [{"start": start, "end": end, "text": "well"}]}
    [segment] = segments(answer)
    assert 100_000 <= segment.span.start_ms <= segment.span.end_ms <= 110_000


@pytest.mark.parametrize(
    ("start", "end"), [(None, None), ("x", 2), (math.nan, 1), ([], {}), (True, 2), ("9" * 5000, 2)]
)
def test_times_that_are_none_leave_the_whole_window(start: Any, end: Any) -> None:
    answer = {"segments": [{"start": start, "end": end, "text": "well"}]}
    [segment] = segments(answer)
    assert (segment.span.start_ms, segment.span.end_ms) == (100_000, 110_000)


@pytest.mark.parametrize(
    "answer", [None, [], "text", 5, {}, {"text": None}, {"segments": {}}, {"error": {}}]
)
def test_an_answer_that_is_no_transcript_is_an_error(answer: Any) -> None:
    with pytest.raises(RemoteEngineError):
        segments(answer)


def test_more_text_than_can_be_said_is_an_error() -> None:
    for answer in ({"segments": [{"start": 0, "end": 1, "text": "blah " * 10_000}]},):
        with pytest.raises(RemoteEngineError, match="more text"):
            segments(answer)


@pytest.mark.parametrize(
    "answer", [{"text": ""}, {"text": " ", "segments": []}, {"segments": [{"text": ""}, 7, {}]}]
)
def test_silence_is_no_segment(answer: Any) -> None:
    assert segments(answer) == []


def test_what_the_model_takes_for_no_speech_is_left_out() -> None:
    thanks = {"start": 0, "end": 1, "text": "Thanks.", "no_speech_prob": 0.9, "avg_logprob": -1.4}
    sure = {"start": 2, "end": 3, "text": "Hello.", "no_speech_prob": 0.9, "avg_logprob": -0.2}
    assert [each.text for each in segments({"segments": [thanks, sure]})] == ["Hello."]


@pytest.mark.parametrize(
    ("written", "tag"),
    [("english", "en"), ("Haitian Creole", "ht"), ("de", "de"), ("cantonese", "yue"), ("?", "fr")],
)
def test_languages_are_names_or_codes(written: str, tag: str) -> None:
    answer = {"language": written, "segments": [{"start": 0, "end": 1, "text": "x"}]}
    assert segments(answer, "fr")[0].language == tag
    assert language_named("klingon") == ""
