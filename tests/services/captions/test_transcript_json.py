"""Transcripts in JSON of other programs are read with their own units of time."""

from __future__ import annotations

import json

import pytest

from app.domain.errors import InvalidCaptionsError
from app.services.captions.parse import parse_captions as parse

WORDS = [
    {"word": "Hello", "start": 1.0, "end": 1.4},
    {"word": "there.", "start": 1.5, "end": 2.0},
]
SEGMENT = {"start": 1.0, "end": 2.0, "text": " Hello there."}
ANNA = [{"text": w["word"], "start": 1000 * w["start"], "end": 1000 * w["end"]} for w in WORDS]  # type: ignore[operator]


def deepgram(speaker: int | None, **more: object) -> object:
    words = [
        {**word, "word": "x", "punctuated_word": word["word"]}
        | ({} if speaker is None else {"speaker": speaker})
        for word in WORDS
    ]
    best = {"transcript": "x", "words": words}
    return {"metadata": {}, "results": {"channels": [{"alternatives": [best], **more}]}}


@pytest.mark.parametrize(
    ("value", "speaker"),
    [
        (
            {
                "result": {"language": "en"},
                "transcription": [{"offsets": {"from": 1000, "to": 2000}, "text": " Hello there."}],
            },
            None,
        ),
        ({"segments": [{**SEGMENT, "speaker": "SPEAKER_01", "words": WORDS}]}, "SPEAKER_01"),
        ({"segments": [{**SEGMENT, "start": 1, "end": 2}], "language": "en"}, None),
        ({"task": "transcribe", "duration": 5.0, "segments": [SEGMENT], "words": WORDS}, None),
        ({"task": "transcribe", "duration": 5.0, "text": "x", "words": WORDS}, None),
        ([SEGMENT], None),
        (deepgram(None), None),
        (deepgram(3, detected_language="en"), "SPEAKER_03"),
        ({"language_code": "en_us", "words": ANNA, "utterances": None}, None),
        (
            {
                "language_code": "en_us",
                "words": [{**word, "speaker": "A"} for word in ANNA],
                "utterances": [{"start": 1000, "end": 2000, "text": "x", "speaker": "A"}],
            },
            "SPEAKER_00",
        ),
        ({"utterances": [{"start": 1000, "end": 2000, "text": "Hello there."}]}, None),
    ],
)
def test_times_are_those_that_the_program_means(value: object, speaker: str | None) -> None:
    found = parse(json.dumps(value), None, "und", "manual").items
    cues = [(each.span.start_ms, each.span.end_ms, each.text, each.speaker) for each in found]
    assert cues == [(1000, 2000, "Hello there.", speaker)]


def test_milliseconds_stay_what_they_are() -> None:
    for start, end in ((1000, 2000), (1000.25, 2000.75)):
        rows = [{"start": start, "end": end, "text": "Hello there."}]
        for value in (rows, {"cues": rows}, {"subtitles": rows}):
            found = parse(json.dumps(value), None, "und", "manual").items
            assert [each.span.start_ms for each in found] == [1000]


def test_words_become_captions_at_sentences_pauses_and_speakers() -> None:
    texts = ["One.", "Two", "three", "four", "five"]
    starts = [0.0, 0.5, 1.0, 3.0, 3.5]
    words = [
        {"word": text, "start": at, "end": at + 0.4, "speaker": int(text == "five")}
        for text, at in zip(texts, starts, strict=True)
    ]
    best = [{"words": words}]
    value = {"results": {"channels": [{"alternatives": best}]}}
    found = parse(json.dumps(value), None, "und", "manual").items
    assert [each.text for each in found] == ["One.", "Two three", "four", "five"]
    assert [each.speaker for each in found] == ["SPEAKER_00"] * 3 + ["SPEAKER_01"]


@pytest.mark.parametrize(
    "value", [{"words": 3}, {"transcription": 5}, {"results": {"channels": 1}}]
)
def test_what_has_no_captions_is_refused(value: object) -> None:
    with pytest.raises(InvalidCaptionsError):
        parse(json.dumps(value), None, "und", "manual")
