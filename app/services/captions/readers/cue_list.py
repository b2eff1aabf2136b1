"""Cues as JSON: the extension's list, and the file that this server writes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from app.services.captions.raw_captions import RawCaption, RawTrack, TextPiece
from app.services.captions.readers.timestamps import number_ms

_LISTS = ("cues", "subtitles", "segments")


def is_cue_list(value: object) -> bool:
    """Whether parsed JSON is a list of cues, or an object that holds one."""
    return _rows(value) is not None


def read_cue_list(value: object) -> RawTrack:
    """Read cues of ``start``, ``end`` (or ``start_ms``, ``end_ms``), ``text`` and ``speaker``.

    Times are milliseconds under either name.
    """
    language = value.get("language") if isinstance(value, dict) else None
    rows = _rows(value) or []
    return RawTrack(tuple(_captions(rows)), language if isinstance(language, str) else "")


def write_cue_list(cues: Sequence[Mapping[str, object]]) -> str:
    """Return cues as one text, the same for the same cues."""
    return json.dumps(cues, ensure_ascii=False, sort_keys=True)


def _rows(value: object) -> list[object] | None:
    if isinstance(value, dict):
        value = next((value[name] for name in _LISTS if name in value), None)
    return value if isinstance(value, list) else None


def _captions(rows: list[object]) -> Iterator[RawCaption]:
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            continue
        start_ms = number_ms(row.get("start_ms", row.get("start")))
        if start_ms is None:
            continue
        speaker = row.get("speaker")
        yield RawCaption(
            start_ms,
            number_ms(row.get("end_ms", row.get("end"))),
            (TextPiece(row["text"]),),
            speaker=speaker if isinstance(speaker, str) else None,
        )
