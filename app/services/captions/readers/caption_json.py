"""Caption files in JSON: YouTube's json3, a list of cues, transcripts of other programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from app.domain.captions import Captions
from app.domain.errors import InvalidCaptionsError
from app.domain.style import PLAIN, pieces_of
from app.domain.style_fields import read_pieces, read_placement
from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.markup import literal_markup
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.caption_times import log_order, repaired_times
from app.services.captions.readers.timestamps import number_ms
from app.services.captions.readers.transcript_json import read_transcript_json, unit_of
from app.services.captions.readers.transcript_words import speaker_of
from app.services.captions.readers.youtube_looks import (
    YouTubeLooks,
    pen_style,
    window_placement,
)

_LISTS = ("cues", "subtitles", "segments")
_OUR_FIELDS = frozenset({"start_ms", "confidence", "translatedText", "styled_text", "placement"})

_BEGIN = re.compile(r'[\[{]\s*(?:[\[{]\s*)?"')


def looks_like_json(head: str) -> bool:
    """Whether a text begins like a JSON object or a list of objects."""
    return _BEGIN.match(head) is not None


def read_caption_json(text: str) -> RawTrack:
    """Read YouTube's json3, the extension's list of cues or the file that this server writes.

    Raises:
        InvalidCaptionsError: it is not JSON, or JSON of another shape.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidCaptionsError("The captions are not valid JSON") from None
    if isinstance(value, dict) and isinstance(value.get("events"), list):
        return RawTrack(tuple(_events(value["events"], _looks(value))))
    if (transcript := read_transcript_json(value)) is not None:
        return transcript
    cues = _cue_rows(value)
    if cues is None:
        raise InvalidCaptionsError("The JSON holds no captions")
    language = value.get("language") if isinstance(value, dict) else None
    log = FaultLog()
    whisper = isinstance(value, dict) and value.get("segments") is cues
    found = _cues(cues, log, unit_of(cues, whisper=whisper), whisper=whisper)
    captions = repaired_times(list(found), log)
    log_order(captions, log, frozenset())
    named = language if isinstance(language, str) else ""
    return RawTrack(tuple(captions), named, faults=log.summary())


def write_json3(captions: Captions) -> dict[str, object]:
    """Return captions as json3, for clients that read no other format."""
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


def write_cue_list(cues: Sequence[Mapping[str, object]]) -> str:
    """Return cues as one JSON text, equal for equal cues."""
    return json.dumps(cues, ensure_ascii=False, sort_keys=True)


def _looks(value: Mapping[str, object]) -> YouTubeLooks:
    pens = enumerate(_rows(value, "pens"))
    places = enumerate(_rows(value, "wpWinPositions"))
    return YouTubeLooks(
        {
            str(number): pen_style(
                row.get("bAttr"), row.get("iAttr"), row.get("uAttr"), row.get("fcForeColor")
            )
            for number, row in pens
        },
        {
            str(number): window_placement(
                row.get("apPoint"), row.get("ahHorPos"), row.get("avVerPos")
            )
            for number, row in places
        },
    )


def _rows(value: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    rows = value.get(name)
    return [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []


def _events(events: list[object], looks: YouTubeLooks) -> Iterator[RawCaption]:
    """Yield json3 events; one without text, such as a window's opening, is left out.

    Source: files served by YouTube: ``tStartMs``, ``dDurationMs``, ``segs`` of ``utf8`` with
    ``tOffsetMs`` counted from the event's start, ``aAppend`` for text that continues in the
    window ``wWinId``.
    """
    for event in events:
        if not isinstance(event, dict):
            continue
        start_ms = number_ms(event.get("tStartMs", 0))
        segments = event.get("segs")
        if start_ms is None or not isinstance(segments, list):
            continue
        duration_ms = number_ms(event.get("dDurationMs"))
        yield RawCaption(
            start_ms,
            None if duration_ms is None else start_ms + duration_ms,
            tuple(_text_runs(segments, start_ms, looks, event.get("pPenId"))),
            continues=event.get("aAppend") == 1,
            window=str(event.get("wWinId", "")),
            placement=looks.placement(event.get("wpWinPosId")),
        )


def _text_runs(
    segments: list[object], start_ms: int, looks: YouTubeLooks, pen: object
) -> Iterator[TextRun]:
    for segment in segments:
        if not isinstance(segment, dict) or not isinstance(segment.get("utf8"), str):
            continue
        offset_ms = number_ms(segment.get("tOffsetMs"))
        spoken_ms = None if offset_ms is None else start_ms + offset_ms
        yield TextRun(segment["utf8"], spoken_ms, looks.style(segment.get("pPenId"), pen))


def _cue_rows(value: object) -> list[object] | None:
    """Return the list of cues in parsed JSON; None where there is none."""
    if isinstance(value, dict):
        value = next((value[name] for name in _LISTS if name in value), None)
    return value if isinstance(value, list) else None


def _has_own_fields(row: Mapping[str, object]) -> bool:
    """Whether a cue is one of this server's, in a file or in an answer; its text has no markup."""
    return not row.keys().isdisjoint(_OUR_FIELDS)


def _cues(
    rows: list[object], log: FaultLog, unit_ms: int, *, whisper: bool
) -> Iterator[RawCaption]:
    """Yield cues of ``start``, ``end`` (or ``start_ms``, ``end_ms``), ``text`` and ``speaker``.

    Times named ``_ms`` are milliseconds, the others of the given unit. The fields of
    `style_fields` are read too. Texts of other lists may have the markup of the file that they
    were taken from, such as those that a page reads off its player.
    """
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            log.add_at(FaultKind.NO_FIELDS, f"caption {number}")
            continue
        start_ms = _time(row, "start", unit_ms)
        if start_ms is None:
            log.add_at(FaultKind.NO_FIELDS, f"caption {number}", row["text"])
            continue
        speaker = row.get("speaker")
        # OpenAI's segments have a type and count speakers by letters; elsewhere texts are names.
        is_name = isinstance(speaker, str) and "type" not in row
        yield RawCaption(
            start_ms,
            _time(row, "end", unit_ms),
            _styled_runs(
                row["text"], row.get("styled_text"), is_plain=whisper or _has_own_fields(row)
            ),
            speaker=speaker if is_name else speaker_of(row),
            placement=read_placement(row.get("placement")),
        )


def _time(row: Mapping[str, object], name: str, unit_ms: int) -> int | None:
    exact = f"{name}_ms"
    return number_ms(row[exact]) if exact in row else number_ms(row.get(name), unit_ms)


def _styled_runs(text: str, pieces: object, *, is_plain: bool) -> tuple[TextRun, ...]:
    runs = read_pieces(pieces, text)
    parts = pieces_of(text, runs) if runs else [(text, PLAIN)]
    return tuple(
        TextRun(literal_markup(piece) if is_plain else piece, style=style) for piece, style in parts
    )
