import pytest

from app.domain.errors import SourceTooSlowError
from app.services.net.pace import TransferPace
from app.settings import SourceSettings


class Sender:
    """Sends pieces, each after a time of its own; the clock stands still otherwise."""

    def __init__(self, **settings: object) -> None:
        self.now_s = 0.0
        given = SourceSettings.model_validate(
            {"fetch_read_s": 30, "fetch_min_bytes_per_s": 1000, **settings}
        )
        self.pace = TransferPace(given, clock=lambda: self.now_s)

    async def send(self, size: int, after_s: float) -> bytes:
        async def reading() -> bytes:
            self.now_s += after_s
            return bytes(size)

        return await self.pace.wait(reading())


async def test_a_byte_at_a_time_is_too_slow() -> None:
    sender = Sender()
    with pytest.raises(SourceTooSlowError, match="too slowly"):
        for _ in range(10):
            await sender.send(1, after_s=5)
    assert sender.now_s == 30


async def test_a_slow_reader_is_no_slow_sender() -> None:
    sender = Sender()
    for _ in range(100):
        sender.now_s += 600  # the receiver is busy
        await sender.send(1000, after_s=0.5)


async def test_a_pause_is_made_up_for_by_what_follows() -> None:
    sender = Sender()
    for _ in range(20):
        await sender.send(10, after_s=29)
        await sender.send(2**16, after_s=1)


async def test_a_download_has_an_end() -> None:
    sender = Sender(fetch_limit_s=100)
    with pytest.raises(SourceTooSlowError, match="too long"):
        for _ in range(200):
            await sender.send(2**20, after_s=1)
    assert sender.now_s == 101


async def test_the_end_is_never_too_slow() -> None:
    sender = Sender()
    assert await sender.send(0, after_s=1000) == b""


async def test_no_least_pace_where_none_is_set() -> None:
    sender = Sender(fetch_min_bytes_per_s=0)
    for _ in range(20):
        await sender.send(1, after_s=20)
