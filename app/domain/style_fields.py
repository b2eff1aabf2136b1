"""Style of cues as JSON fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from app.domain.cue import Cue
from app.domain.style import (
    InlineStyle,
    Placement,
    Runs,
    Side,
    Writing,
    ink_runs,
    pieces_of,
    placed,
)

_SIDES: Mapping[object, Side] = {"left": "left", "center": "center", "right": "right"}
_WRITINGS: Mapping[object, Writing] = {"vertical-rl": "vertical-rl", "vertical-lr": "vertical-lr"}
_MARKS = ("italic", "bold", "underline", "strikeout")
_ANCHORS = range(1, 10)
_ROWS = range(-1000, 1001)


def style_fields(cue: Cue) -> dict[str, Any]:
    """Return the fields that a cue's style adds; none for the usual look.

    ``placement`` holds what `Placement` holds and is not as usual; ``styled_text`` and
    ``styled_translation`` list the pieces of the text in order, each with its ``text`` and what it
    is: ``italic``, ``bold``, ``underline``, ``strikeout``, ``colour``.
    """
    found: dict[str, Any] = {}
    if cue.placement is not None:
        found["placement"] = {
            field.name: value
            for field in fields(Placement)
            if (value := getattr(cue.placement, field.name)) != field.default
            or field.name == "anchor"
        }
    if cue.runs:
        found["styled_text"] = _piece_rows(cue.text, cue.runs)
    if cue.translation and cue.translation_runs:
        found["styled_translation"] = _piece_rows(cue.translation, cue.translation_runs)
    return found


def _piece_rows(text: str, runs: Runs) -> list[dict[str, Any]]:
    return [{"text": piece, **_set_fields(style)} for piece, style in pieces_of(text, runs)]


def _set_fields(style: InlineStyle) -> dict[str, Any]:
    return {name: value for name, value in asdict(style).items() if value}


def read_placement(value: object) -> Placement | None:
    """Return a placement from JSON of strangers; None for the usual place or none at all."""
    if not isinstance(value, dict):
        return None
    anchor, row = value.get("anchor"), value.get("row")
    return placed(
        Placement(
            anchor=anchor if type(anchor) is int and anchor in _ANCHORS else Placement().anchor,
            x=_share(value.get("x")),
            y=_share(value.get("y")),
            width=_share(value.get("width")),
            row=row if type(row) is int and row in _ROWS else None,
            align=_SIDES.get(value.get("align")) if isinstance(value.get("align"), str) else None,
            writing=_writing(value.get("writing")),
        )
    )


def read_pieces(value: object, text: str) -> Runs:
    """Return the runs of a text from JSON of strangers; none where the pieces are not the text."""
    rows = value if isinstance(value, list) else []
    pieces = [(row["text"], _read_style(row)) for row in rows if _is_piece(row)]
    same = "".join("".join(piece for piece, _ in pieces).split()) == "".join(text.split())
    return ink_runs(pieces) if same and len(pieces) == len(rows) else ()


def _is_piece(row: object) -> bool:
    return isinstance(row, dict) and isinstance(row.get("text"), str)


def _read_style(row: Mapping[str, object]) -> InlineStyle:
    marks = {name: row.get(name) is True for name in _MARKS}
    return InlineStyle(**marks, colour=_colour(row.get("colour")))


def _colour(value: object) -> str | None:
    if not isinstance(value, str) or len(value) != len("#rrggbb") or value[0] != "#":
        return None
    return value if all(char in "0123456789abcdef" for char in value[1:]) else None


def _share(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return round(float(value), 4)


def _writing(value: object) -> Writing:
    return _WRITINGS.get(value, "horizontal") if isinstance(value, str) else "horizontal"
