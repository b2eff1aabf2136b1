"""Lanes of SubStation events: what is said, what is a sign, what is sung."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from app.domain.cue import Lane
from app.services.captions.overlaps import ShownTimes, inner
from app.services.captions.readers.substation_event import Event, Style, legacy_alignment
from app.services.captions.readers.substation_languages import MOST_STYLES, is_other_version
from app.services.captions.readers.substation_names import named_lane

_MOSTLY = 0.5


def lanes_of(events: Sequence[Event], styles: Mapping[str, Style]) -> list[Lane]:
    """Return each event's lane.

    By the name of its style and of its actor; by its position where most of the dialogue is not
    positioned; and where it overlaps dialogue in time, by its place, its layer and its style.

    Args:
        events: with their texts, sorted by begin.
        styles: of the script, by name.
    """
    roles = _roles(events)
    lanes = [_own_lane(event, roles) for event in events]
    said = [event for event, lane in zip(events, lanes, strict=True) if lane == "dialogue"]
    if not said:
        return lanes
    usual = _Usual(said, styles)
    versions = usual.versions(said)
    return [
        "sign"
        if lane == "dialogue" and event.style not in versions and usual.is_beside(event)
        else lane
        for event, lane in zip(events, lanes, strict=True)
    ]


def _roles(events: Sequence[Event]) -> dict[str, Lane]:
    """Return the lane of each style; the one that most lines have is dialogue unless named so."""
    counts = Counter(event.style for event in events)
    placed = Counter(event.style for event in events if event.text.place is not None)
    roles: dict[str, Lane] = {}
    for style, count in counts.items():
        named = named_lane(style)
        mostly_placed = placed[style] > count * _MOSTLY
        roles[style] = named or ("sign" if mostly_placed else "dialogue")
    if roles and "dialogue" not in roles.values():
        unnamed = [style for style in counts if named_lane(style) is None]
        if unnamed:
            roles[max(unnamed, key=counts.__getitem__)] = "dialogue"
    return roles


def _own_lane(event: Event, roles: Mapping[str, Lane]) -> Lane:
    if event.text.is_karaoke:
        return "song"
    lane = roles[event.style]
    if lane == "dialogue" and named_lane(event.actor) == "sign":
        return "sign"
    return lane


class _Usual:
    """The usual look of a script's dialogue, from which signs differ.

    Args:
        said: events that may be dialogue; at least one.
        styles: of the script, by name.
    """

    def __init__(self, said: Sequence[Event], styles: Mapping[str, Style]) -> None:
        self._styles = styles
        self._is_placed = sum(e.text.place is not None for e in said) > len(said) * _MOSTLY
        bands = Counter(self._band(event) for event in said)
        self._band_of_most = bands.most_common(1)[0][0]
        below = [event for event in said if self._band(event) == self._band_of_most]
        self._layer = Counter(event.layer for event in below).most_common(1)[0][0]
        self._style = Counter(event.style for event in below).most_common(1)[0][0]
        usual = [event for event in below if event.layer == self._layer]
        self._times = ShownTimes([(event.start_ms, event.end_ms) for event in usual])

    def versions(self, said: Sequence[Event]) -> frozenset[str]:
        """Return the styles that hold the dialogue in another language, wherever they show it."""
        by_style: dict[str, list[Event]] = {}
        for event in said:
            by_style.setdefault(event.style, []).append(event)
        largest = sorted(by_style, key=lambda style: len(by_style[style]), reverse=True)
        return frozenset(
            style
            for style in largest[:MOST_STYLES]
            if style != self._style
            and is_other_version(style, by_style[style], by_style[self._style])
        )

    def is_beside(self, event: Event) -> bool:
        """Whether an event is shown beside the dialogue rather than as a part of it."""
        placed = event.text.place is not None and not self._is_placed
        if placed and event.text.is_typeset:
            return True
        if self._band(event) == "middle" != self._band_of_most:
            return True
        # Texts of one layer are stacked where they overlap, those of two are drawn upon each other.
        if self._band(event) == self._band_of_most and event.layer == self._layer:
            return False
        # What is elsewhere is none of the usual dialogue, so that it does not overlap itself.
        return self._times.overlap(*inner(event.start_ms, event.end_ms))

    def _band(self, event: Event) -> str:
        """Return where on the screen an event is: below, in the middle, above, or placed."""
        text = event.text
        if text.place is not None and not self._is_placed:
            return "placed"
        style = self._styles.get(event.style)
        alignment = 2 if style is None else style.alignment
        if text.old_alignment is not None:
            alignment = legacy_alignment(text.old_alignment)
        alignment = text.alignment or alignment
        return "above" if alignment >= 7 else "middle" if alignment >= 4 else "below"
