"""Transcripts of Amazon Transcribe in JSON.

Source: Amazon Transcribe's developer guide, "Data input and output": ``results.items`` are words
(``pronunciation``) with times in seconds as texts, and punctuation without times, which belongs to
the word before it; ``speaker_labels`` and ``channel_labels`` say who speaks.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.services.captions.raw_captions import RawTrack
from app.services.captions.readers.timestamps import number_ms
from app.services.captions.readers.transcript_words import (
    Row,
    SpokenWord,
    captions_of,
    rows_of,
    speaker_of,
)

_SECOND_MS = 1000


def read_amazon_json(results: Row) -> RawTrack:
    """Return the captions of a transcript.

    Args:
        results: the object of that name.
    """
    speakers = _speakers(results.get("speaker_labels"))
    words: list[SpokenWord] = []
    for item in rows_of(results.get("items")):
        text = next((row.get("content") for row in rows_of(item.get("alternatives"))), None)
        if not isinstance(text, str) or not text.strip():
            continue
        start_ms = number_ms(item.get("start_time"), _SECOND_MS)
        if item.get("type") == "punctuation" or start_ms is None:
            _append(words, text, is_mark=item.get("type") == "punctuation")
            continue
        end_ms = number_ms(item.get("end_time"), _SECOND_MS) or start_ms
        speaker = speaker_of(item) or speakers.get(str(item.get("start_time")))
        words.append(SpokenWord(text.strip(), start_ms, max(start_ms, end_ms), speaker))
    ordered = sorted(words, key=lambda word: word.start_ms)
    return RawTrack(tuple(captions_of(ordered)), _language(results))


def _append(words: list[SpokenWord], text: str, *, is_mark: bool) -> None:
    """Add what has no time to the word before it; a file's first has none."""
    if words:
        last = words[-1]
        joined = f"{last.text}{'' if is_mark else ' '}{text.strip()}"
        words[-1] = SpokenWord(joined, last.start_ms, last.end_ms, last.speaker)
    else:
        words.append(SpokenWord(text.strip(), 0, 0, None))


def _speakers(labels: object) -> Mapping[str, str]:
    """Return speakers by when their words begin, as older transcripts have them."""
    if not isinstance(labels, dict):
        return {}
    return {
        str(item.get("start_time")): speaker
        for segment in rows_of(labels.get("segments"))
        for item in rows_of(segment.get("items"))
        if (speaker := speaker_of(item) or speaker_of(segment)) is not None
    }


def _language(results: Row) -> str:
    """Return the language, of several the one that is spoken longest."""
    if isinstance(named := results.get("language_code"), str):
        return named
    spoken = [
        (number_ms(row.get("duration_in_seconds"), _SECOND_MS) or 0, code)
        for row in rows_of(results.get("language_codes"))
        if isinstance(code := row.get("language_code"), str)
    ]
    return max(spoken, default=(0, ""))[1]
