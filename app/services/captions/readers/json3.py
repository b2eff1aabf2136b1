"""YouTube's json3: events of timed segments."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.captions import Captions
from app.services.captions.raw_captions import RawCaption, RawTrack, TextPiece
from app.services.captions.readers.timestamps import number_ms


def is_json3(value: object) -> bool:
    """Whether parsed JSON has the shape."""
    return isinstance(value, dict) and isinstance(value.get("events"), list)


def read_json3(value: object) -> RawTrack:
    """Read parsed JSON; an event that is no caption, such as a window's opening, is left out.

    Source: what YouTube serves: ``tStartMs``, ``dDurationMs``, ``segs`` of ``utf8`` with
    ``tOffsetMs`` counted from the event's start, ``aAppend`` for text that goes on in the window
    ``wWinId``.
    """
    events = value.get("events") if isinstance(value, dict) else None
    return RawTrack(tuple(_captions(events if isinstance(events, list) else [])))


def _captions(events: list[object]) -> Iterator[RawCaption]:
    for event in events:
        if not isinstance(event, dict):
            continue
        start_ms = number_ms(event.get("tStartMs", 0))
        segs = event.get("segs")
        if start_ms is None or not isinstance(segs, list):
            continue
        duration_ms = number_ms(event.get("dDurationMs"))
        yield RawCaption(
            start_ms,
            None if duration_ms is None else start_ms + duration_ms,
            tuple(_pieces(segs, start_ms)),
            continues=event.get("aAppend") == 1,
            window=str(event.get("wWinId", "")),
        )


def _pieces(segs: list[object], start_ms: int) -> Iterator[TextPiece]:
    for seg in segs:
        if not isinstance(seg, dict) or not isinstance(seg.get("utf8"), str):
            continue
        offset_ms = number_ms(seg.get("tOffsetMs"))
        yield TextPiece(seg["utf8"], None if offset_ms is None else start_ms + offset_ms)


def write_json3(captions: Captions) -> dict[str, object]:
    """Return captions in the shape, for clients that read nothing else."""
    return {
        "events": [
            {
                "tStartMs": item.span.start_ms,
                "dDurationMs": item.span.duration_ms,
                "segs": [{"utf8": item.text}],
            }
            for item in captions.items
        ]
    }
