"""What of a recording's sound did not reach its result, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.domain.events import Notice
from app.domain.time import Span

_LEAST_MS = 150
"""Shorter holes are not reported: a packet or two that were lost on the way."""

_NAMED = 20
"""Holes that are named one by one."""


class SoundLosses:
    """Losses of one recording so far.

    Attributes:
        parts: files that were joined in it and have passed.
        parts_lost: of those, what could not be decoded at all.
        wrong_sizes: whether a header named a wrong size, and all that is there was decoded.
        trailing_bytes: bytes behind the end of the media that are none of it.
        cut_off: whether the media breaks off, and nothing in it says how long it was.
        two_programmes: whether the channels hold different programmes, of which one was heard.
    """

    def __init__(self) -> None:
        self.parts = 0
        self.parts_lost = 0
        self.wrong_sizes = False
        self.trailing_bytes = 0
        self.cut_off = False
        self.two_programmes = False
        self._holes: list[Span] = []

    def add(self, holes: Iterable[Span]) -> None:
        """Add spans of the recording that could not be decoded."""
        self._holes += [hole for hole in holes if hole.duration_ms >= _LEAST_MS]

    @property
    def lost_ms(self) -> int:
        """Time that could not be decoded."""
        return sum(hole.duration_ms for hole in self._holes)

    def notices(self, channel: int) -> Iterator[Notice]:
        """Yield a notice of each kind of loss.

        Args:
            channel: which channel was heard where two hold different programmes.
        """
        if self._holes:
            named = ", ".join(_named(hole) for hole in self._holes[:_NAMED])
            more = f" and {len(self._holes) - _NAMED} more" if len(self._holes) > _NAMED else ""
            lost = f"{self.lost_ms / 1000:.1f} s of its sound could not be decoded"
            yield Notice("media_damaged", f"The media is damaged: {lost} ({named}{more})")
        if self.cut_off:
            text = "The media breaks off before its end; what is there was heard"
            yield Notice("media_cut_off", text)
        if self.parts_lost:
            text = f"{self.parts_lost} of the files that were joined could not be decoded"
            yield Notice("part_not_decoded", text)
        if self.wrong_sizes:
            text = "The header of the media names a wrong size; all that is there was heard"
            yield Notice("size_corrected", text)
        if self.trailing_bytes:
            text = f"{self.trailing_bytes:,} bytes behind the end of the media were left out"
            yield Notice("trailing_data", text)
        if self.two_programmes:
            heard = ("left", "right")[min(channel, 1)]
            text = (
                f"The two channels hold different speech at once; the {heard} one was heard alone"
            )
            yield Notice("channels_differ", text)


def _named(hole: Span) -> str:
    return f"{_clock(hole.start_ms)} to {_clock(hole.end_ms)}"


def _clock(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes}:{rest // 1000:02d}.{rest % 1000 // 100}"
