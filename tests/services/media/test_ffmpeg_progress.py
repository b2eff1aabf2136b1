"""Progress of an encode by ffmpeg's own report: media time, percent, the time that is left."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from app.services.media import ffmpeg_progress
from app.services.media.ffmpeg_progress import EncodeProgress, ProgressReader
from app.services.operations.operation_context import OperationProgress
from app.submission.envelopes.operation_envelope import progress_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that passes when a test says so."""
    found = SimpleNamespace(now_s=100.0)
    monkeypatch.setattr(ffmpeg_progress, "time", SimpleNamespace(monotonic=lambda: found.now_s))
    return found


def test_the_time_left_follows_from_the_pace_so_far(clock: SimpleNamespace) -> None:
    told: list[EncodeProgress] = []
    reader = ProgressReader(10_000, told.append)
    clock.now_s += 2
    reader.feed(b"frame=50\nout_time_us=2500000\nspeed=1.2x\nprog")
    assert not told, "half a line is none"
    reader.feed(b"ress=continue\nout_time_us=N/A\nprogress=continue\n")
    clock.now_s += 2
    reader.feed(b"out_time_us=1000000\nprogress=continue\nout_time_us=10040000\nprogress=end\n")
    assert told == [
        EncodeProgress(2500, 25.0, 6000),
        EncodeProgress(2500, 25.0, 6000),
        EncodeProgress(2500, 25.0, 12_000),
        EncodeProgress(10_040, 100.0, 0),
    ]


def test_without_a_length_there_is_no_percentage(clock: SimpleNamespace) -> None:
    told: list[EncodeProgress] = []
    ProgressReader(0, told.append).feed(b"out_time_us=2500000\nprogress=continue\n")
    assert told == [EncodeProgress(2500, 0.0, None)]


def test_clients_are_told_the_time_left() -> None:
    payload = progress_of(OperationProgress("encoding", "Encoding the video", 25.0, 65_000, 2, 2))
    assert payload == {
        "stage": "media",
        "activity": "encoding",
        "message": "Encoding the video",
        "percent": 25.0,
        "step": 2,
        "totalSteps": 2,
        "eta": "1m 5s",
    }
    assert "eta" not in progress_of(OperationProgress("downloading", "Downloading", 0))
