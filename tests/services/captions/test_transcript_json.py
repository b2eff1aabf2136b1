"""Transcripts in JSON of other programs are read with their own units of time."""

from __future__ import annotations

import json

import pytest

from app.domain.errors import InvalidCaptionsError
from app.services.captions.parse import parse_captions as parse
from app.services.captions.written_cues import read_written

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


def amazon(speaker: str, **more: object) -> object:
    said = [("Hello", "1.0", "1.4"), ("there", "1.5", "2.0")]
    items: list[object] = [
        {
            "type": "pronunciation",
            "alternatives": [{"confidence": "0.9", "content": text}],
            "start_time": start,
            "end_time": end,
        }
        for text, start, end in said
    ]
    mark = {"type": "punctuation", "alternatives": [{"content": "."}]}
    turns = [{"start_time": start, "speaker_label": speaker} for _, start, _ in said]
    labels = {"speakers": 1, "segments": [{"speaker_label": speaker, "items": turns}]}
    results = {"items": [*items, mark], "speaker_labels": labels, **more}
    return {"jobName": "x", "status": "COMPLETED", "results": results}


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
        (
            {
                "language_code": "eng",
                "words": [
                    {
                        "text": "Hello",
                        "start": 1.0,
                        "end": 1.4,
                        "type": "word",
                        "speaker_id": "speaker_1",
                    },
                    {
                        "text": " ",
                        "start": 1.4,
                        "end": 1.5,
                        "type": "spacing",
                        "speaker_id": "speaker_1",
                    },
                    {
                        "text": "there.",
                        "start": 1.5,
                        "end": 2.0,
                        "type": "word",
                        "speaker_id": "speaker_1",
                    },
                ],
            },
            "SPEAKER_01",
        ),
        (amazon("spk_2"), "SPEAKER_02"),
        (
            {"segments": [{**SEGMENT, "type": "transcript.text.segment", "speaker": "B"}]},
            "SPEAKER_01",
        ),
        ([{**SEGMENT, "speaker": "Anna"}], "Anna"),
        ([{**SEGMENT, "speaker": 4}], "SPEAKER_04"),
        ({"utterances": [{"start": 1000, "end": 2000, "text": "Hello there."}]}, None),
    ],
)
def test_times_are_those_that_the_program_means(value: object, speaker: str | None) -> None:
    found = parse(json.dumps(value), None, "und", "manual").items
    cues = [(each.span.start_ms, each.span.end_ms, each.text, each.speaker) for each in found]
    assert cues == [(1000, 2000, "Hello there.", speaker)]


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ({"language": "english", "segments": [SEGMENT]}, "en"),
        ({"language": "Haitian Creole", "segments": [SEGMENT]}, "ht"),
        ({"language": "mandarin", "words": WORDS}, "zh"),
        ({"language": "pt_BR", "words": WORDS}, "pt-BR"),
        ({"language": "unknown", "segments": [SEGMENT]}, "und"),
        (amazon("spk_0", language_code="en-US"), "en-US"),
        (
            amazon(
                "spk_0",
                language_codes=[
                    {"language_code": "en-US", "duration_in_seconds": 2.5},
                    {"language_code": "es-US", "duration_in_seconds": 13.0},
                ],
            ),
            "es-US",
        ),
    ],
)
def test_languages_are_read_by_tag_and_by_name(value: object, tag: str) -> None:
    assert parse(json.dumps(value), None, "und", "manual").language == tag
    assert read_written(json.dumps(value)).language == tag


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
    "value",
    [{"words": 3}, {"results": {"items": 1}}, {"transcription": 5}, {"results": {"channels": 1}}],
)
def test_what_has_no_captions_is_refused(value: object) -> None:
    with pytest.raises(InvalidCaptionsError):
        parse(json.dumps(value), None, "und", "manual")
