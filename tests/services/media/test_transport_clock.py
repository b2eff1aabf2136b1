"""One clock for transport streams whose parts begin anew."""

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from app.services.media.transport_clock import TransportClock
from tests.services.conftest import Make


def on_one_clock(data: bytes, step: int = 5000) -> bytes:
    clock = TransportClock()
    ready = [clock.feed(data[at : at + step]) for at in range(0, len(data), step)]
    return b"".join([*ready, clock.finish()])


@pytest.fixture(scope="session")
def part_ts(make_media: Make) -> Path:
    """3 s of picture at ten frames a second, and a tone."""
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=3")
    codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-muxdelay", "0")
    tone = ("-f", "lavfi", "-i", "sine=440:duration=3:sample_rate=16000")
    return make_media("part.ts", *picture, *tone, *codecs)


def times_of(path: Path, stream: str) -> list[float]:
    shown = ["-show_entries", "packet=pts_time", "-of", "csv=p=0", "-select_streams", stream]
    output = subprocess.run(
        ["ffprobe", "-v", "error", *shown, str(path)], check=True, capture_output=True, text=True
    ).stdout
    return [float(line.split(",")[0]) for line in output.split() if line.split(",")[0]]


@pytest.mark.parametrize("step", [100, 188, 5000, 2**20])
def test_one_part_stays_as_it_is(part_ts: Path, step: int) -> None:
    assert on_one_clock(part_ts.read_bytes(), step) == part_ts.read_bytes()


@pytest.mark.parametrize("step", [188, 5000, 2**20])
def test_case_4_the_next_part_follows_the_last_picture(
    part_ts: Path, tmp_path: Path, step: int
) -> None:
    joined = tmp_path / "joined.ts"
    joined.write_bytes(on_one_clock(part_ts.read_bytes() * 3, step))
    pictures = sorted(times_of(joined, "v"))
    assert len(pictures) == 90
    distances = [after - before for before, after in pairwise(pictures)]
    assert max(abs(distance - 0.1) for distance in distances) < 0.001
    alone = times_of(part_ts, "a")
    sound = times_of(joined, "a")
    assert [round(time, 3) for time in sound] == [
        round(time + 3 * part, 3) for part in range(3) for time in alone
    ]


def test_a_wrap_of_33_bits_begins_no_part(make_media: Make, part_ts: Path) -> None:
    # 2^33 at 90 kHz are 95,443.7 s.
    copied = ("-i", str(part_ts), "-c", "copy", "-output_ts_offset", "95442", "-muxdelay", "0")
    data = make_media("wrap.ts", *copied).read_bytes()
    assert on_one_clock(data) == data


def test_rubbish_between_packets_passes(part_ts: Path) -> None:
    data = part_ts.read_bytes()
    middle = len(data) // 188 // 2 * 188
    damaged = data[:middle] + b"\x00rubbish G" * 33 + data[middle:]
    assert on_one_clock(damaged) == damaged
    assert on_one_clock(damaged, 188) == damaged
    assert on_one_clock(b"\x00" * 5000) == b"\x00" * 5000
