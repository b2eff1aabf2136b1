"""What memory teaches about the size of batches."""

import math

from app.gpu.scheduler.memory import RECOVERY_BATCHES, MemoryGauge

GIB = 2**30


class Card:
    """A device that keeps what engines have taken."""

    def __init__(self, free: int) -> None:
        self.free = free
        self.looks = 0

    def __call__(self) -> int | None:
        self.looks += 1
        return self.free


def test_nothing_is_limited_before_anything_was_learned() -> None:
    assert MemoryGauge().limit_s() == math.inf
    assert MemoryGauge(Card(GIB)).limit_s() == math.inf


def test_running_out_teaches_a_ceiling_that_rises_slowly_and_goes() -> None:
    gauge = MemoryGauge()
    gauge.ran_out(480)
    assert gauge.limit_s() == 240
    for _ in range(RECOVERY_BATCHES - 1):
        gauge.went_well(240, 30)
    assert gauge.limit_s() == 240
    gauge.went_well(240, 30)
    assert gauge.limit_s() == 270, "one window more"
    for _ in range(RECOVERY_BATCHES * 7):
        gauge.went_well(240, 30)
    assert gauge.limit_s() == 480, "what was refused is tried once more"
    for _ in range(RECOVERY_BATCHES):
        gauge.went_well(480, 30)
    assert gauge.limit_s() == math.inf
    gauge.ran_out(480)
    assert gauge.limit_s() == 240


def test_bad_luck_between_good_batches_starts_the_count_again() -> None:
    gauge = MemoryGauge()
    gauge.ran_out(480)
    for _ in range(RECOVERY_BATCHES - 1):
        gauge.went_well(60, 30)
    gauge.ran_out(240)
    gauge.went_well(60, 30)
    assert gauge.limit_s() == 120


def test_growing_shows_what_a_second_costs_and_how_much_more_fits() -> None:
    card = Card(10 * GIB)
    gauge = MemoryGauge(card)
    gauge.before(100)
    card.free = 9 * GIB
    gauge.went_well(100, 30)
    assert gauge.bytes_per_s == GIB / 100
    limit_s = gauge.limit_s()
    assert 900 < limit_s < 1000, "9 GiB are left, of which some are kept"


def test_what_was_computed_once_fits_again_though_the_memory_is_taken() -> None:
    card = Card(GIB)
    gauge = MemoryGauge(card)
    gauge.before(300)
    card.free = 0
    gauge.went_well(300, 30)
    assert gauge.limit_s() == 300


def test_the_driver_is_not_asked_for_every_batch() -> None:
    card, now = Card(10 * GIB), [0.0]
    gauge = MemoryGauge(card, lambda: now[0])
    gauge.before(100)
    card.free = 9 * GIB
    gauge.went_well(100, 30)
    looks = card.looks
    for _ in range(20):
        gauge.limit_s()
        gauge.before(90)
        gauge.went_well(90, 30)
    assert card.looks == looks
    now[0] = 5.0
    card.free = 0
    assert gauge.limit_s() == 100
