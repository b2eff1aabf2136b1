"""Transcripts in JSON of other programs and services: cues or words with their times.

Sources: whisper.cpp ``output_json`` (``transcription``, ``offsets`` in ms); openai-whisper and
whisperX ``WriteJSON`` and OpenAI's ``verbose_json`` (``segments`` and ``words``, seconds); Deepgram
``/v1/listen`` (``results``, seconds); AssemblyAI ``/v2/transcript`` (``utterances`` and ``words``,
ms); ElevenLabs ``/v1/speech-to-text`` (``words`` with a ``type``, seconds); Amazon Transcribe, see
`amazon_json`. What such programs write is text: nothing in it is markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from app.services.captions.markup import literal_markup
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.amazon_json import read_amazon_json
from app.services.captions.readers.timestamps import number_ms
from app.services.captions.readers.transcript_words import (
    Row,
    SpokenWord,
    captions_of,
    rows_of,
    speaker_of,
)

_SECOND_MS = 1000

_SHORTEST = 60
"""Cues that last less than so many units on average are in seconds: in milliseconds nobody could
see them, and in seconds nobody could read one for longer."""


def read_transcript_json(value: object) -> RawTrack | None:
    """Return the captions of another program's transcript; None where it is none that is known.

    Args:
        value: parsed JSON.
    """
    if not isinstance(value, dict):
        return None
    if "transcription" in value:
        return RawTrack(tuple(_whisper_cpp(rows_of(value["transcription"]))), _language(value))
    results = value.get("results")
    if isinstance(results, dict) and "channels" in results:
        return _deepgram(results)
    if isinstance(results, dict) and "items" in results:
        return read_amazon_json(results)
    if _is_scribe(value):
        words = [row for row in rows_of(value["words"]) if row.get("type") != "spacing"]
        return RawTrack(tuple(captions_of(_words(words, _SECOND_MS))), _language(value))
    if _is_assembly(value):
        return _spoken(value, value, 1, "text")
    if "segments" not in value and rows_of(value.get("words")):
        return RawTrack(tuple(captions_of(_words(value["words"], _SECOND_MS))), _language(value))
    return None


def unit_of(rows: Sequence[object], *, whisper: bool) -> int:
    """Return the milliseconds of the unit in which a list of cues has its ``start`` and ``end``.

    Whole numbers are milliseconds, unless the list is one of Whisper's segments.

    Args:
        rows: cues of a file.
        whisper: whether they are named ``segments``.
    """
    spans: list[float] = []
    fractions = whisper
    for row in (row for row in rows if isinstance(row, dict) and "start_ms" not in row):
        start, end = row.get("start"), row.get("end")
        if isinstance(start, int | float) and isinstance(end, int | float):
            spans.append(end - start)
            fractions = fractions or isinstance(start, float) or isinstance(end, float)
    return _SECOND_MS if spans and fractions and median(spans) < _SHORTEST else 1


def _language(value: Row) -> str:
    named = next((value[key] for key in ("language", "language_code") if key in value), None)
    if named is None and isinstance(value.get("result"), dict):
        return _language(value["result"])  # type: ignore[arg-type]
    return named if isinstance(named, str) else ""


def _whisper_cpp(rows: Sequence[Row]) -> Iterator[RawCaption]:
    for row in rows:
        offsets = row.get("offsets")
        times = offsets if isinstance(offsets, dict) else {}
        start_ms = number_ms(times.get("from"))
        if start_ms is not None and isinstance(text := row.get("text"), str):
            runs = (TextRun(literal_markup(text)),)
            yield RawCaption(start_ms, number_ms(times.get("to")), runs)


def _is_scribe(value: Row) -> bool:
    return any("type" in row for row in rows_of(value.get("words"))[:1])


def _is_assembly(value: Row) -> bool:
    return "utterances" in value or ("language_code" in value and "words" in value)


def _deepgram(results: Row) -> RawTrack:
    channels = rows_of(results.get("channels"))
    language = next((c["detected_language"] for c in channels if "detected_language" in c), "")
    words = [
        word
        for channel in channels
        for best in rows_of(channel.get("alternatives"))[:1]
        for word in rows_of(best.get("words"))
    ]
    whole = {"words": words, "language": language}
    return _spoken(results, whole, _SECOND_MS, "transcript")


def _spoken(turns: Row, whole: Row, unit_ms: int, text_key: str) -> RawTrack:
    """Return captions of speakers' turns, by their words where those have times."""
    language = _language(whole)
    words = _words(whole.get("words"), unit_ms)
    if words:
        return RawTrack(tuple(captions_of(words)), language)
    captions: list[RawCaption] = []
    for row in rows_of(turns.get("utterances")):
        start_ms, text = number_ms(row.get("start"), unit_ms), row.get(text_key)
        if start_ms is not None and isinstance(text, str):
            end_ms = number_ms(row.get("end"), unit_ms)
            runs = (TextRun(literal_markup(text)),)
            captions.append(RawCaption(start_ms, end_ms, runs, speaker=speaker_of(row)))
    return RawTrack(tuple(captions), language)


def _words(value: object, unit_ms: int) -> list[SpokenWord]:
    words: list[SpokenWord] = []
    for row in rows_of(value):
        texts = (row.get(key) for key in ("punctuated_word", "word", "text"))
        text = next((each for each in texts if isinstance(each, str) and each.strip()), None)
        start_ms = number_ms(row.get("start"), unit_ms)
        end_ms = number_ms(row.get("end"), unit_ms)
        if text is not None:
            # A word that an aligner could not place is said behind the one before it.
            start_ms = start_ms if start_ms is not None else words[-1].end_ms if words else 0
            end_ms = start_ms if end_ms is None else max(start_ms, end_ms)
            words.append(SpokenWord(text.strip(), start_ms, end_ms, speaker_of(row)))
    return sorted(words, key=lambda word: word.start_ms)
