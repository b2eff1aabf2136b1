"""Writer of YouTube's json3 (.json3)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style import PLAIN, InlineStyle, Placement
from app.services.render.boxes import resolved
from app.services.render.display_cues import NO_WORDS, DisplayCue, WordTimes, display_cues
from app.services.render.file_options import PLAIN_FILE, FileOptions
from app.services.render.inert_text import ALL_MARKUP, inert_pieces

_MARKS = (("bAttr", "bold"), ("iAttr", "italic"), ("uAttr", "underline"))
_POINTS = {7: 0, 8: 1, 9: 2, 4: 3, 5: 4, 6: 5, 1: 6, 2: 7, 3: 8}
"""Anchor points: from the upper left corner, by rows."""

_MARGIN = 0.02


def write_json3(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues as json3, one event a line; words have their offsets where they are known.

    What reads as a tag, an entity or an override, as viewers' uploads have them, is made inert.

    Source: files served by YouTube: ``events`` of ``tStartMs``, ``dDurationMs`` and ``segs``;
    ``pens`` and ``wpWinPositions`` that they refer to by number.
    """
    options = replace(options, words=True)
    looks = _Looks()
    events = [
        json.dumps(looks.event(cue), ensure_ascii=False)
        for cue in display_cues(cues, profile, language, options, words)
    ]
    body = ",\n".join(events)
    return (
        f'{{"wireMagic": "pb3", "pens": {json.dumps(looks.pens)}, '
        f'"wpWinPositions": {json.dumps(looks.places)}, "events": [\n{body}\n]}}\n'
    )


class _Looks:
    """Pens and window positions of a file, as far as its events refer to them."""

    def __init__(self) -> None:
        self.pens: list[dict[str, int]] = [{}]
        self.places: list[dict[str, int]] = [{}]
        self._pen_ids: dict[InlineStyle, int] = {PLAIN: 0}
        self._place_ids: dict[Placement, int] = {}

    def event(self, cue: DisplayCue) -> dict[str, object]:
        """Return a cue as an event."""
        found: dict[str, object] = {
            "tStartMs": cue.start_ms,
            "dDurationMs": cue.end_ms - cue.start_ms,
        }
        if cue.placement is not None:
            found["wpWinPosId"] = self._place(cue.placement)
        return {**found, "segs": list(self._segments(cue))}

    def _segments(self, cue: DisplayCue) -> Iterator[dict[str, object]]:
        text_before = False
        for part in cue.parts:
            for line in part.timed_lines:
                if text_before:
                    yield {"utf8": "\n"}
                inert = inert_pieces([text for text, _, _ in line], ALL_MARKUP)
                for text, (_, style, word) in zip(inert, line, strict=True):
                    segment: dict[str, object] = {"utf8": text}
                    if word is not None and word.start_ms > cue.start_ms:
                        segment["tOffsetMs"] = word.start_ms - cue.start_ms
                    if style != PLAIN:
                        segment["pPenId"] = self._pen(style)
                    yield segment
                text_before = True

    def _pen(self, style: InlineStyle) -> int:
        if style not in self._pen_ids:
            self._pen_ids[style] = len(self.pens)
            pen = {name: 1 for name, mark in _MARKS if getattr(style, mark)}
            if style.colour is not None:
                pen["fcForeColor"] = int(style.colour[1:], 16)
            self.pens.append(pen)
        return self._pen_ids[style]

    def _place(self, placement: Placement) -> int:
        if placement not in self._place_ids:
            self._place_ids[placement] = len(self.places)
            self.places.append(_window_position(resolved(placement)))
        return self._place_ids[placement]


def _window_position(place: Placement) -> dict[str, int]:
    """Return a position in percent of what the outer fiftieth on each side leaves."""
    across = (0, 50, 100)[(place.anchor - 1) % 3] if place.x is None else _percent(place.x)
    down = (100, 50, 0)[place.vertical] if place.y is None else _percent(place.y)
    return {"apPoint": _POINTS[place.anchor], "ahHorPos": across, "avVerPos": down}


def _percent(share: float) -> int:
    return round(min(1.0, max(0.0, (share - _MARGIN) / (1 - 2 * _MARGIN))) * 100)
