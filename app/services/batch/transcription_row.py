"""A job's result as a row of ``document_transcriptions``."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.events import Result
from app.domain.transcript import Segment, Word
from app.services.batch.storable_values import storable
from app.services.batch.video_address import platform_of

_LANGUAGE_CHARS = 5
"""Databases of an earlier schema hold a language in so many characters."""


def transcription_row(
    result: Result, url: str, *, provider: str, caption_provider: str, model: str
) -> dict[str, object]:
    """Return the row of a result: segments with their words, language, source, metadata.

    Args:
        result: of the document's job.
        url: of its media or page.
        provider: of transcriptions: ``local`` or ``openai``.
        caption_provider: who is named as the one that fetched captions.
        model: that transcribed.
    """
    segments = [segment_payload(number, each) for number, each in enumerate(result.segments, 1)]
    is_caption = result.origin != "whisper"
    language = result.spoken or result.language
    metadata: dict[str, object] = {
        "language_tag": language,
        "platform": platform_of(url),
        "duration": result.audio_ms / 1000,
        "processing_time": round(result.elapsed_ms / 1000, 3),
        "word_count": count_words(result.segments),
        "segment_count": len(segments),
    }
    if is_caption:
        metadata["provider"] = caption_provider
        metadata["is_auto_generated"] = result.origin == "youtube_auto"
        metadata["source_format"] = result.caption_format or None
    else:
        metadata["provider"] = provider
        metadata["model"] = model
    if result.notices:
        metadata["notices"] = [{"code": n.code, "message": n.message} for n in result.notices]
    return _row(segments, language, "subtitle" if is_caption else "ai", metadata, result.segments)


def silent_row(url: str, language: str, *, provider: str, model: str) -> dict[str, object]:
    """Return the row of a recording without speech.

    Args:
        url: of the media or its page.
        language: as the document has it, else ``und``.
        provider: of transcriptions.
        model: that found nothing.
    """
    metadata: dict[str, object] = {
        "language_tag": language,
        "platform": platform_of(url),
        "word_count": 0,
        "segment_count": 0,
        "provider": provider,
        "model": model,
        "notices": [{"code": "no_speech", "message": "The recording contains no speech"}],
    }
    return _row([], language, "ai", metadata, ())


def segment_payload(number: int, segment: Segment) -> dict[str, object]:
    """Return a segment as rows have it; times are seconds.

    Args:
        number: from 1.
        segment: with words where their times are known.
    """
    payload: dict[str, object] = {
        "segment_id": number,
        "start": segment.span.start_ms / 1000,
        "end": segment.span.end_ms / 1000,
        "text": storable(segment.text),
    }
    if segment.words:
        payload["words"] = [_word_payload(word) for word in segment.words]
    return payload


def fitting_language(tag: str) -> str:
    """Return a language code that fits into five characters: the tag, else its language alone."""
    return tag if len(tag) <= _LANGUAGE_CHARS else tag.partition("-")[0][:_LANGUAGE_CHARS]


def count_words(segments: Iterable[Segment]) -> int:
    """Return how many words there are; by their times where a script writes no spaces."""
    return sum(len(each.words) or len(each.text.split()) for each in segments)


def _row(
    segments: list[dict[str, object]],
    language: str,
    source: str,
    metadata: dict[str, object],
    spoken: Iterable[Segment],
) -> dict[str, object]:
    return {
        "segments": segments,
        "language": fitting_language(language),
        "source": source,
        "confidence_score": None,
        "full_text": _full_text(spoken),
        "word_count": metadata["word_count"],
        "segment_count": metadata["segment_count"],
        "metadata": metadata,
    }


def _word_payload(word: Word) -> dict[str, object]:
    return {
        "word": storable(word.text),
        "start": word.span.start_ms / 1000,
        "end": word.span.end_ms / 1000,
    }


def _full_text(segments: Iterable[Segment]) -> str:
    return " ".join(storable(segment.text) for segment in segments)
