"""Notices of what a reader of caption files leaves out or repairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.domain.errors import InvalidCaptionsError
from app.domain.events import Notice

LEFT_OUT = "captions_left_out"
UNUSABLE = "caption_lines_unusable"
REPAIRED = "caption_lines_repaired"
_PLACES_NAMED = 10
"""Places that a notice names; the count is always whole."""


class ReadingNotices:
    """Counts what is left out or repaired, by what it is, with the first places of each."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._places: dict[tuple[str, str], list[str]] = {}

    def left_out(self, what: str, place: str = "", count: int = 1) -> None:
        """Count a part of the file that is no caption, and is therefore not in the result.

        Args:
            what: the kind of part and the reason, for people; equal for all of the kind.
            place: line, time or name by which its author finds it.
            count: how many parts are at the place.
        """
        self._add((LEFT_OUT, what), place, count)

    def unusable(self, what: str, place: str = "", count: int = 1) -> None:
        """Count a caption whose time or text cannot be read; see `left_out`."""
        self._add((UNUSABLE, what), place, count)

    def repaired(self, what: str, place: str = "", count: int = 1) -> None:
        """Count a part of the file that is read otherwise than it is written; see `left_out`."""
        self._add((REPAIRED, what), place, count)

    def require(self, captions: Sequence[object]) -> None:
        """Raise an error for a file none of whose captions can be read.

        Raises:
            InvalidCaptionsError: there are no captions, and the first reason with its places.
        """
        reasons = (self._message(key) for key in self._counts if key[0] == UNUSABLE)
        if not captions and (reason := next(reasons, "")):
            raise InvalidCaptionsError(f"The file holds no captions that can be read. {reason}")

    def notices(self) -> tuple[Notice, ...]:
        """Return one notice for each kind, in the order in which the kinds were met."""
        return tuple(Notice(key[0], self._message(key)) for key in self._counts)

    def _add(self, key: tuple[str, str], place: str, count: int) -> None:
        self._counts[key] += count
        places = self._places.setdefault(key, [])
        if place and len(places) <= _PLACES_NAMED and place not in places:
            places.append(place)

    def _message(self, key: tuple[str, str]) -> str:
        places = self._places[key]
        named = ", ".join(places[:_PLACES_NAMED])
        more = ", …" if len(places) > _PLACES_NAMED else ""
        return f"{key[1]}: {self._counts[key]}" + (f" ({named}{more})" if named else "")


def tell_voices(notices: ReadingNotices, start_ms: int) -> None:
    """Count a caption in which several named speakers speak: a cue has one name or none."""
    minutes, rest_ms = divmod(start_ms, 60_000)
    place = f"{minutes // 60:02}:{minutes % 60:02}:{rest_ms // 1000:02}"
    notices.repaired("Several voices in one caption, which as a cue has no single speaker", place)
