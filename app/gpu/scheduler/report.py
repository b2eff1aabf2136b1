"""What the queue and its lanes tell of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.gpu.scheduler.tally import Shape


@dataclass(frozen=True, slots=True)
class Waiting:
    """The work of one class that waits.

    Attributes:
        pieces: how many.
        seconds: of sound.
        oldest_s: how long the oldest of them has waited.
    """

    pieces: int = 0
    seconds: float = 0.0
    oldest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StageUse:
    """What one stage has had of the device.

    Attributes:
        sound_s: seconds of sound.
        device_s: seconds that it took.
        rtf: of late, time by sound; None while nothing was measured.
    """

    sound_s: float
    device_s: float
    rtf: float | None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of the device's memory.

    Attributes:
        free_bytes: None where the device has no memory of its own.
        bytes_per_s: what a padded second of a batch of windows costs; 0 while unknown.
        ceiling_s: padded seconds in a batch, taught by running out of memory; None for none.
    """

    free_bytes: int | None
    bytes_per_s: float
    ceiling_s: float | None


@dataclass(frozen=True, slots=True)
class SchedulerReport:
    """One look at a scheduler.

    Attributes:
        waiting: by class, the most urgent first.
        stages: by name of the stage.
        fill: how full batches of windows were.
        padding: how much of them was silence that fills them up.
        memory: of the device.
        viewer_wait_s: predicted wait of a viewer's first window that came now.
        batch_wait_s: the same of a job that nobody watches.
    """

    waiting: Mapping[str, Waiting]
    stages: Mapping[str, StageUse]
    fill: Shape
    padding: Shape
    memory: Memory
    viewer_wait_s: float
    batch_wait_s: float
