"""Measured ceilings of a device, from which bounds follow."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.gpu.device import Device
from bench.gpu.row import Row, Section

_COPIED_PER_SIDE = 2**17
"""Bytes that are copied for each row of the matrices: a gigabyte at full size."""


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Ceilings of one device.

    Attributes:
        half_flop_s: operations a second on matrices of bfloat16.
        single_flop_s: the same in float32, without rounding to ten bits.
        byte_s: bytes a second, read or written.
    """

    half_flop_s: float
    single_flop_s: float
    byte_s: float

    @property
    def section(self) -> Section:
        """The rows."""
        return Section(
            "The device's own ceilings",
            (
                Row("matrices of bfloat16", "TFLOP/s", value=self.half_flop_s / 1e12),
                Row("matrices of float32", "TFLOP/s", value=self.single_flop_s / 1e12),
                Row("copy in its memory", "GB/s", value=self.byte_s / 1e9),
            ),
        )


H200 = Ceilings(half_flop_s=788e12, single_flop_s=67e12, byte_s=4.3e12)
"""Source: bfloat16 and copies measured on a card; float32 from NVIDIA's data sheet."""


def find_ceilings(device: Device, side: int, rounds: int) -> Ceilings:
    """Measure a device.

    Args:
        device: where.
        side: of square matrices.
        rounds: medians of so many.
    """
    import torch

    def flop_s(kind: torch.dtype) -> float:
        one = torch.randn(side, side, device=device).to(kind)
        return 2 * side**3 / timed_s(lambda: one @ one, device, rounds)

    torch.backends.cuda.matmul.allow_tf32 = False
    source = torch.empty(side * _COPIED_PER_SIDE, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    copied_s = timed_s(lambda: target.copy_(source), device, rounds)
    moved = 2 * source.numel()
    return Ceilings(flop_s(torch.bfloat16), flop_s(torch.float32), moved / copied_s)


def timed_s(work: Callable[[], object], device: Device, rounds: int) -> float:
    """Return the median of wall times, each until the device is done; one more goes before."""
    import torch

    spent: list[float] = []
    for number in range(rounds + 1):
        started_s = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        if number:
            spent.append(time.perf_counter() - started_s)
    return statistics.median(spent)
