"""A job that is killed in the middle continues where it was, in the next server."""

import os
import re
import signal
from pathlib import Path

from tests.api_requests import SSE, stream_file
from tests.conftest import StartServer, read_samples, write_wav
from tests.server import Frames, ServerProcess, iter_frames, read_frame


def lookups(server: ServerProcess, kind: str) -> int:
    """Return how many windows were found, or not."""
    with server.client() as client:
        found = re.search(
            rf'^cuestream_cache_{kind}_total{{stage="windows"}} (\d+)',
            client.get("/metrics").text,
            re.MULTILINE,
        )
    return int(found[1]) if found else 0


def read_some(server: ServerProcess, path: Path, batches: int, **fields: str) -> Frames:
    """Read until some cues came."""
    frames = Frames()
    with server.client() as client, path.open("rb") as file:
        with client.stream(
            "POST", "/api/stream", files={"file": file}, data=fields, headers=SSE
        ) as response:
            for raw in iter_frames(response):
                read_frame(frames, raw)
                if len(frames.batches) >= batches:
                    break
    return frames


def test_a_job_that_is_killed_finds_its_windows_after_the_restart(
    start_server: StartServer, long_talk: Path, tmp_path: Path
) -> None:
    talk = tmp_path / "talk.wav"
    write_wav(talk, read_samples(long_talk)[: 60 * 16_000])
    settings = {
        "CACHE_DIR": str(tmp_path / "cache"),
        "ASR_BATCH_SIZE": "1",
        "VAD_FIRST_WINDOW_MS": "2000",
        "VAD_WINDOW_MS": "4000",
    }
    first = start_server(**settings)
    before = read_some(first, talk, 3)
    os.killpg(first.process.pid, signal.SIGKILL)
    first.process.wait()

    second = start_server(**settings)
    after = stream_file(second, talk)
    assert after.result is not None
    found, missing = lookups(second, "hits"), lookups(second, "misses")
    assert found >= 1
    assert missing >= 1, "the server was killed in the middle"
    texts = [cue["text"] for cue in before.cues]
    assert [cue["text"] for cue in after.cues][: len(texts)] == texts
    assert not (second.folder / "cache").exists(), "the folder that was asked for is used"

    read_some(second, talk, 1, force_refresh="true")
    assert (lookups(second, "hits"), lookups(second, "misses")) == (found, missing), (
        "not even looked"
    )
