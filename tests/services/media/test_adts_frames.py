"""AAC in ADTS with bytes that are no frames."""

import numpy as np
import pytest

from app.services.media.adts_frames import AdtsFrames, is_adts
from tests.services.conftest import Make

TONE = ("-f", "lavfi", "-i", "anoisesrc=duration=8:amplitude=0.3:sample_rate=16000", "-b:a", "32k")


def filtered(data: bytes, step: int) -> bytes:
    frames = AdtsFrames()
    ready = [frames.feed(data[at : at + step]) for at in range(0, len(data), step)]
    return b"".join([*ready, frames.finish()])


def count(data: bytes) -> int:
    at = found = 0
    while at < len(data):
        assert data[at] == 0xFF
        at += (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        found += 1
    return found


@pytest.mark.parametrize("step", [100, 2**16])
def test_whole_frames_pass_as_they_are(make_media: Make, step: int) -> None:
    data = make_media("whole.aac", *TONE).read_bytes()
    assert is_adts(data)
    assert not is_adts(b"ID3" + data)
    assert filtered(data, step) == data
    assert filtered(data[:-20], step) == data[:-20]


@pytest.mark.parametrize("step", [100, 2**16])
def test_case_7_lost_frames_are_made_up_for(make_media: Make, step: int) -> None:
    data = bytearray(make_media("whole.aac", *TONE).read_bytes())
    whole = count(bytes(data))
    begin, end = len(data) // 3, len(data) // 2
    data[begin:end] = np.random.default_rng(1).bytes(end - begin)
    assert abs(count(filtered(bytes(data), step)) - whole) <= whole * 0.05
