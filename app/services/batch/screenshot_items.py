"""Items of the queue for screenshots, as whoever reads the queue sends them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.errors import InvalidFieldError, quoted
from app.domain.time import seconds_to_ms

MOST_TIMESTAMPS = 100
_DEFAULT_QUALITY = 2
_WORST_QUALITY = 31
_URL_CHARS = 8000
_SHOWN_CHARS = 40
_TEXT_CHARS = 2000
_ID_CHARS = 200
_LATEST_S = 10**6
_NUMBER = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,9})?")
_CLOCK = re.compile(r"([0-9]{1,3}):([0-5]?[0-9]):([0-5]?[0-9])[.,]([0-9]{1,3})")
_TIME_KEYS = ("screenshot_timestamp", "timestamp", "start")


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment whose picture is wanted.

    Attributes:
        shown: the timestamp as it was sent, for messages.
        at_ms: time in the video; None where the timestamp cannot be read.
        details: what else was sent with it, for the picture's metadata.
    """

    shown: str
    at_ms: int | None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScreenshotItem:
    """Pictures of one video.

    Attributes:
        video_url: of the media file.
        moments: in the order in which they were sent.
        quality: of JPEG by ffmpeg's scale, 1 (best) to 31.
        document_id: of the database, or None.
        transcription_id: of the database, or None.
    """

    video_url: str
    moments: tuple[Moment, ...]
    quality: int = _DEFAULT_QUALITY
    document_id: str | None = None
    transcription_id: str | None = None


def parse_screenshot_item(job: object) -> ScreenshotItem:
    """Parse an item; a timestamp that cannot be read is one that fails.

    Raises:
        InvalidFieldError: it has no address, no timestamps, or too many.
    """
    if not isinstance(job, Mapping):
        raise InvalidFieldError("Invalid job item: an object is expected")
    url = job.get("video_url")
    if not isinstance(url, str) or not url.strip() or len(url) > _URL_CHARS:
        raise InvalidFieldError("Missing video_url")
    timestamps = job.get("timestamps")
    if not isinstance(timestamps, list) or not timestamps:
        raise InvalidFieldError("No timestamps provided")
    if len(timestamps) > MOST_TIMESTAMPS:
        raise InvalidFieldError(
            f"Too many timestamps ({len(timestamps)}). Maximum {MOST_TIMESTAMPS} allowed."
        )
    return ScreenshotItem(
        url.strip(),
        tuple(_moment(each) for each in timestamps),
        _quality(job.get("quality")),
        _row_id(job.get("document_id")),
        _row_id(job.get("transcription_id")),
    )


def format_clock(at_ms: int) -> str:
    """Return a time as ``HH:MM:SS,mmm``."""
    seconds, ms = divmod(at_ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{ms:03}"


def _moment(value: object) -> Moment:
    details: dict[str, object] = {}
    if isinstance(value, Mapping):
        names = {"segment_id": "segment_id", "reason": "extraction_reason", "text": "segment_text"}
        for key, name in names.items():
            if isinstance(found := value.get(key), str | int):
                details[name] = found[:_TEXT_CHARS] if isinstance(found, str) else found
        # Zero is a time too.
        value = next((value[key] for key in _TIME_KEYS if value.get(key) is not None), None)
    at_ms = _milliseconds(value)
    return Moment(_shown(value, is_time=at_ms is not None), at_ms, details)


def _shown(value: object, *, is_time: bool) -> str:
    """Return a timestamp for messages: as it was sent, where that is a text or a number."""
    if is_time or (isinstance(value, int | float) and not isinstance(value, bool)):
        return str(value)[:_SHOWN_CHARS]
    return quoted(value) if isinstance(value, str) else type(value).__name__


def _milliseconds(value: object) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        if found := _CLOCK.fullmatch(text):
            hours, minutes, seconds = (int(found[place]) for place in (1, 2, 3))
            return (hours * 3600 + minutes * 60 + seconds) * 1000 + int(found[4].ljust(3, "0"))
        value = float(text) if _NUMBER.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= _LATEST_S:  # which NaN is not either
        return None
    return seconds_to_ms(value)


def _quality(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return _DEFAULT_QUALITY
    return value if 1 <= value <= _WORST_QUALITY else _DEFAULT_QUALITY


def _row_id(value: object) -> str | None:
    is_id = isinstance(value, str) and 0 < len(value) <= _ID_CHARS and value.isprintable()
    return str(value) if is_id else None
