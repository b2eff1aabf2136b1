"""Path of a zoom over a still picture (Ken Burns effect), exact to the frame."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class CropWindow:
    """The part of a canvas that a frame shows; edges as shares of its width and height, 0..1."""

    left: float
    top: float
    right: float
    bottom: float

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return the edges in pixels of a canvas of this size; they are no whole numbers."""
        return (self.left * width, self.top * height, self.right * width, self.bottom * height)


@dataclass(frozen=True, slots=True)
class ZoomPath:
    """A zoom from the first frame to the last.

    Attributes:
        start: magnification of the first frame.
        end: magnification of the last frame.
        pans_right: whether the window goes from the left edge to the right one; it stays in the
            middle otherwise.
    """

    start: float
    end: float
    pans_right: bool = False

    @property
    def largest(self) -> float:
        """The largest magnification."""
        return max(self.start, self.end)

    def window(self, frame: int, frames: int) -> CropWindow:
        """Return what a frame shows.

        Without a pan the magnification grows evenly. With one both edges move at even speed, so
        that neither ever moves back.

        Args:
            frame: from 0.
            frames: of the whole video; the zoom is complete at the last one.
        """
        share = frame / (frames - 1) if frames > 1 else 0.0
        if self.pans_right:
            left = share * (1 - 1 / self.end)
            right = 1 / self.start + share * (1 - 1 / self.start)
            margin = (1 - (right - left)) / 2
            return CropWindow(left, margin, right, 1 - margin)
        margin = (1 - 1 / (self.start + share * (self.end - self.start))) / 2
        return CropWindow(margin, margin, 1 - margin, 1 - margin)


KEN_BURNS = "kenburns"
"""Name of the zoom of clients that name none."""

ZOOM_PATHS: Mapping[str, ZoomPath] = MappingProxyType(
    {
        KEN_BURNS: ZoomPath(1.0, 1.324),
        "zoomin": ZoomPath(1.0, 1.4),
        "zoomout": ZoomPath(1.35, 1.0),
        "zoompanright": ZoomPath(1.2, 1.4, pans_right=True),
    }
)
"""Zooms by their names on the wire. Source: what clients of picture workers know, except that their
``zoompanright`` began at 1.0, where the window is as wide as the picture and cannot pan."""


def frame_count(duration_s: float, rate: Fraction) -> int:
    """Return how many frames show for a time: the nearest whole number, one at least."""
    return max(1, math.floor(Fraction(duration_s).limit_denominator(10**6) * rate + Fraction(1, 2)))


_NTSC = Fraction(1000, 1001)


def exact_rate(frames_per_s: float) -> Fraction:
    """Return the frame rate that a number stands for: 29.97 is 30000/1001.

    Source: SMPTE ST 12-1, frame rates of 23.98, 29.97 and 59.94.
    """
    nominal = round(frames_per_s)
    if nominal > 1 and abs(frames_per_s - float(nominal * _NTSC)) < 0.006 * nominal / 24:
        return nominal * _NTSC
    return Fraction(frames_per_s).limit_denominator(1000)
