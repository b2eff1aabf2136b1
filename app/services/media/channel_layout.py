"""Channels of a recording by ffmpeg's names for their layouts."""

from __future__ import annotations

from dataclasses import dataclass

_WITH_CENTRE = frozenset(
    {"3.0", "3.1", "4.0", "4.1", "5.0", "5.0(side)", "5.1", "5.1(side)", "6.0", "6.1"}
    | {"6.1(back)", "7.0", "7.0(front)", "7.1", "7.1(wide)", "7.1(wide-side)", "hexagonal"}
    | {"octagonal", "7.1(top)", "hexadecagonal", "22.2"}
)
"""Layouts whose third channel is the front centre, between left and right of the picture."""

_LOW_AT = {
    **dict.fromkeys(("3.1", "4.1", "5.1", "5.1(side)", "6.1", "6.1(back)", "7.1", "7.1(wide)"), 3),
    **dict.fromkeys(("7.1(wide-side)", "7.1(top)", "22.2"), 3),
    **dict.fromkeys(("2.1", "6.1(front)"), 2),
}
"""Place of the channel of low frequencies. Source for both: libavutil/channel_layout.c of ffmpeg
5.1, whose channels stand in the order of the bits of their mask."""


@dataclass(frozen=True, slots=True)
class ChannelLayout:
    """Places of channels with a meaning of their own.

    Attributes:
        centre: index of the front centre, where films have their dialogue; None without one.
        low: index of the channel of low frequencies; None without one.
    """

    centre: int | None = None
    low: int | None = None

    @classmethod
    def named(cls, name: str) -> ChannelLayout:
        """Return the layout of ffmpeg's name for it; one without meanings if it is not known."""
        return cls(2 if name in _WITH_CENTRE else None, _LOW_AT.get(name))
