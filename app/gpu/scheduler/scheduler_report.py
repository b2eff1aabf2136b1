"""State of a scheduler at one moment."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueuedWork:
    """The waiting work of one priority.

    Attributes:
        pieces: number of items.
        seconds: of audio.
        oldest_s: how long the oldest item has waited.
    """

    pieces: int = 0
    seconds: float = 0.0
    oldest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StageUsage:
    """Use of the device by one stage.

    Attributes:
        sound_s: seconds of audio.
        device_s: seconds that it took.
        rtf: recent real-time factor, time by audio; None while nothing was measured.
    """

    sound_s: float
    device_s: float
    rtf: float | None


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Memory of the device.

    Attributes:
        free_bytes: None where the device has no memory of its own.
        bytes_per_s: cost of a padded second in a batch of windows; 0 while unknown.
        ceiling_s: most padded seconds in a batch, learned by running out of memory; None for no
            limit.
    """

    free_bytes: int | None
    bytes_per_s: float
    ceiling_s: float | None


@dataclass(frozen=True, slots=True)
class ShareHistogram:
    """Distribution of a share between 0 and 1.

    Attributes:
        bounds: upper bounds of the buckets; the last bucket has none.
        counts: values in each bucket, one more than bounds.
        total: sum of the values.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: float

    @property
    def mean(self) -> float | None:
        """Mean of the values; None where there are none."""
        count = sum(self.counts)
        return self.total / count if count else None


@dataclass(frozen=True, slots=True)
class SchedulerReport:
    """A scheduler's queue, throughput, batches, and memory.

    Attributes:
        waiting: by priority, the most urgent first.
        stages: by name of the stage.
        fill: windows in a batch by the largest batch.
        padding: share of a batch of windows that is padding.
        memory: of the device.
        viewer_wait_s: predicted wait of a viewer's first window that arrived now.
        batch_wait_s: the same of a job without a viewer.
    """

    waiting: Mapping[str, QueuedWork]
    stages: Mapping[str, StageUsage]
    fill: ShareHistogram
    padding: ShareHistogram
    memory: DeviceMemory
    viewer_wait_s: float
    batch_wait_s: float


FILL_BOUNDS = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
PADDING_BOUNDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class HistogramRecorder:
    """Counts shares between 0 and 1 in buckets; any thread may add and read."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._lock = threading.Lock()
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, share: float) -> None:
        """Count a value."""
        with self._lock:
            self._counts[bisect_left(self._bounds, share)] += 1
            self._total += share

    @property
    def snapshot(self) -> ShareHistogram:
        """The values counted so far."""
        with self._lock:
            return ShareHistogram(self._bounds, tuple(self._counts), self._total)
