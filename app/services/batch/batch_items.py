"""Items of a batch, as whoever reads the queue sends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.json_text import read_json

TRANSCRIPTION_QUEUE = "video_audio_transcription"
SCREENSHOT_QUEUE = "screenshot_extraction"
CACHE_QUEUE = "check_video_cache"
QUEUES = (TRANSCRIPTION_QUEUE, SCREENSHOT_QUEUE, CACHE_QUEUE)

_ID_CHARS = 200
_MESSAGE_CHARS = 10_000
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class BatchItem:
    """A message of the queue, with the document that it names.

    Attributes:
        message: its number, by which it is deleted or archived; None where there is none.
        read_count: how often it has been read, from 1.
        document_id: None where it names none.
        skips_captions: whether the recording is to be transcribed whatever captions there are.
        problem: why nothing can be done with it.
    """

    message: int | None = None
    read_count: int = 1
    document_id: str | None = None
    skips_captions: bool = False
    problem: str | None = None


def parse_items(jobs: Sequence[object]) -> list[BatchItem]:
    """Parse a batch; an item of unknown shape is one with a problem."""
    return [_item(job) for job in jobs]


def _item(job: object) -> BatchItem:
    if not isinstance(job, Mapping):
        return BatchItem(problem="Invalid job item: an object is expected")
    message = _number(job.get("msg_id"))
    inner = job.get("message")
    if isinstance(inner, str) and len(inner) <= _MESSAGE_CHARS:
        inner = _json(inner)
    inner = inner if isinstance(inner, Mapping) else {}
    document_id = _document_id(job.get("document_id")) or _document_id(inner.get("document_id"))
    skips = job.get("skip_subtitles", inner.get("skip_subtitles"))
    return BatchItem(
        message=message,
        read_count=max(1, _number(job.get("read_ct")) or 1),
        document_id=document_id,
        skips_captions=skips is True or (isinstance(skips, str) and skips.lower() == "true"),
        problem=None if document_id else "missing document_id",
    )


def _document_id(value: object) -> str | None:
    """Return an id as text; None for what can be none."""
    if isinstance(value, int) and _number(value) is None:
        return None
    if not isinstance(value, str | int):
        return None
    text = str(value).strip()
    return text if text and len(text) <= _ID_CHARS and text.isprintable() else None


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= _LARGEST:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        return None
    return value


def _json(text: str) -> object:
    try:
        return read_json(text)
    except (ValueError, RecursionError):
        return None
