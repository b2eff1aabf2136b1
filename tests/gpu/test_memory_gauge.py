"""Memory limit of batches."""

import math

from app.gpu.scheduler.memory_gauge import RECOVERY_BATCHES, MemoryGauge

GIB = 2**30


class FakeDevice:
    """A device whose engines never return memory."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.reads = 0

    def __call__(self) -> int | None:
        self.reads += 1
        return self.free


def test_nothing_is_limited_before_anything_was_learned() -> None:
    assert MemoryGauge().limit_s() == math.inf
    assert MemoryGauge(FakeDevice(GIB)).limit_s() == math.inf


def test_running_out_teaches_a_ceiling_that_rises_slowly_and_goes() -> None:
    gauge = MemoryGauge()
    gauge.record_out_of_memory(480)
    assert gauge.limit_s() == 240
    for _ in range(RECOVERY_BATCHES - 1):
        gauge.record_success(240, 30)
    assert gauge.limit_s() == 240
    gauge.record_success(240, 30)
    assert gauge.limit_s() == 270, "one window more"
    for _ in range(RECOVERY_BATCHES * 7):
        gauge.record_success(240, 30)
    assert gauge.limit_s() == 480, "what was refused is tried once more"
    for _ in range(RECOVERY_BATCHES):
        gauge.record_success(480, 30)
    assert gauge.limit_s() == math.inf
    gauge.record_out_of_memory(480)
    assert gauge.limit_s() == 240


def test_bad_luck_between_good_batches_starts_the_count_again() -> None:
    gauge = MemoryGauge()
    gauge.record_out_of_memory(480)
    for _ in range(RECOVERY_BATCHES - 1):
        gauge.record_success(60, 30)
    gauge.record_out_of_memory(240)
    gauge.record_success(60, 30)
    assert gauge.limit_s() == 120


def test_growing_shows_what_a_second_costs_and_how_much_more_fits() -> None:
    device = FakeDevice(10 * GIB)
    gauge = MemoryGauge(device)
    gauge.before_batch(100)
    device.free = 9 * GIB
    gauge.record_success(100, 30)
    assert gauge.bytes_per_s == GIB / 100
    limit_s = gauge.limit_s()
    assert 900 < limit_s < 1000, "9 GiB are left, of which some are reserved"


def test_what_was_computed_once_fits_again_though_the_memory_is_taken() -> None:
    device = FakeDevice(GIB)
    gauge = MemoryGauge(device)
    gauge.before_batch(300)
    device.free = 0
    gauge.record_success(300, 30)
    assert gauge.limit_s() == 300


def test_the_driver_is_not_asked_for_every_batch() -> None:
    device, now = FakeDevice(10 * GIB), [0.0]
    gauge = MemoryGauge(device, lambda: now[0])
    gauge.before_batch(100)
    device.free = 9 * GIB
    gauge.record_success(100, 30)
    reads = device.reads
    for _ in range(20):
        gauge.limit_s()
        gauge.before_batch(90)
        gauge.record_success(90, 30)
    assert device.reads == reads
    now[0] = 5.0
    device.free = 0
    assert gauge.limit_s() == 100
