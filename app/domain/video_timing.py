"""What the picture of a recording says about when cues may change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoTiming:
    """Frame rate and shot changes of a recording.

    Attributes:
        frames_per_s: frame rate; None where it is not known, or there is no picture.
        shot_changes_ms: times of the first frames of shots, ascending.
    """

    frames_per_s: float | None = None
    shot_changes_ms: tuple[int, ...] = ()

    def nearest_shot_change(self, time_ms: int, within_ms: int) -> int | None:
        """Return the shot change nearest to a time; of two the earlier, None where none is near.

        Args:
            time_ms: in the time of the recording.
            within_ms: the farthest that one may be, itself not included.
        """
        at = bisect_left(self.shot_changes_ms, time_ms)
        near = self.shot_changes_ms[max(0, at - 1) : at + 1]
        found = min(near, key=lambda cut: abs(cut - time_ms), default=None)
        return found if found is not None and abs(found - time_ms) < within_ms else None


NO_VIDEO = VideoTiming()

VideoSource = Callable[[], VideoTiming]
"""Returns what is known of a picture so far: shot changes come while it is decoded."""


def no_video() -> VideoTiming:
    """Return that nothing is known."""
    return NO_VIDEO
