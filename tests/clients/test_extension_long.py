"""A video of three hours; 37 is the contract's number.

The extension keeps up with 1,000 cues and shows a window of 200 beyond. How many there are is
not free: a cue stays 7 s at most and holds 84 characters, so somebody who talks for three hours
without a break needs 1,543 at least, and nothing that is comfortable to read makes it fewer. One
who pauses for half of the time is told in fewer than 1,000.
"""

import itertools
import math
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from app.domain.profile import DEFAULT_PROFILE
from app.domain.transcript import Segment
from app.services.stages.cues import build_cues
from tests.api_requests import SSE
from tests.clients.scripted_engines import sentences
from tests.conftest import write_wav
from tests.server import Frames, ServerProcess, iter_frames, read_frame

HOURS = 3
MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The real server with engines that take no time."""
    app = "tests.clients.scripted_engines:application()"
    process = ServerProcess(tmp_path_factory.mktemp("long"), {}, app)
    process.wait_ready()
    yield process
    process.stop()


def recording(path: Path, on_s: int, every_s: int) -> Path:
    """Write three hours that are loud for some of every so many seconds; small, for FLAC."""
    length_s = HOURS * 3600
    one = path.with_suffix(".one.wav")
    samples = np.zeros(every_s * 16_000, np.float32)
    samples[: on_s * 16_000] = 0.4
    write_wav(one, samples)
    repeat = ["-stream_loop", str(math.ceil(length_s / every_s)), "-i", str(one)]
    flac = ["-t", str(length_s), "-c:a", "flac", "-compression_level", "0", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *repeat, *flac], check=True)
    return path


class Peak:
    """The most memory that any process of a server has taken while this is open."""

    def __init__(self, server: ServerProcess) -> None:
        self._root = psutil.Process(server.process.pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.before = self._now()
        self.most = 0

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _now(self) -> int:
        processes = [self._root, *self._root.children(recursive=True)]
        return max(process.memory_info().rss for process in processes)

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            try:
                self.most = max(self.most, self._now())
            except psutil.NoSuchProcess:
                continue


@pytest.mark.slow
def test_37_three_hours_in_bounded_memory_and_first_lines_at_once(
    server: ServerProcess, tmp_path: Path
) -> None:
    talk = recording(tmp_path / "talk.flac", on_s=25, every_s=50)
    frames = Frames()
    with Peak(server) as peak, server.client() as client, talk.open("rb") as file:
        request = {"files": {"file": file}, "data": {"target_lang": "none"}, "headers": SSE}
        with client.stream("POST", "/api/stream", **request) as response:
            for raw in iter_frames(response):
                read_frame(frames, raw)
    assert frames.result is not None
    cues = frames.result["subtitles"]
    assert frames.result["duration_ms"] == HOURS * 3_600_000
    assert 800 < len(cues) < 1000, "a talk with pauses, which the extension shows whole"
    assert cues == frames.cues
    assert cues[-1]["end"] > HOURS * 3_600_000 - 50_000
    for before, after in itertools.pairwise(cues):
        assert before["end"] <= after["start"]
    samples_bytes = HOURS * 3600 * 16_000 * 4
    assert peak.most - peak.before < 80 * MEBIBYTE < samples_bytes / 8
    first = frames.data.index(frames.batches[0])
    assert frames.data[first - 1]["percent"] <= 11, "of which the first 10 are for opening"


async def test_37_nobody_pauses_and_the_cues_are_nearly_as_few_as_can_be_read() -> None:
    async def talk() -> AsyncIterator[Segment]:
        for segment in sentences(0, HOURS * 3_600_000):
            yield segment

    cues = [cue async for cue in build_cues(talk(), DEFAULT_PROFILE)]
    least = math.ceil(HOURS * 3_600_000 / DEFAULT_PROFILE.max_duration_ms)
    assert least == 1543
    assert least <= len(cues) <= 1.15 * least
