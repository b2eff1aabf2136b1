"""How soon a video that is packaged as HLS can be played.

The first segment's time counts from the request to the moment at which the master playlist is told,
the whole's to the answer. The video has to be encoded, as most that is packaged has.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx

from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.serving import serving

FIRST = Goal("hls_first_segment_over_whole", 0.1, "ratio")

_MINUTES = 4
_TIMEOUT_S = 1800


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the share of the whole time after which the first segment could be played."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mkv"
        environment.progress.step(f"packaging: a film of {_MINUTES} minutes")
        await asyncio.to_thread(_make, path)
        async with serving() as server:
            first_s, whole_s = await _package(server.port, path)
    environment.progress.step(f"packaging: first segment {first_s:.2f} s, whole {whole_s:.2f} s")
    return [FIRST.reached(first_s / whole_s)]


def _make(path: Path) -> None:
    """Write a film whose picture has another codec than HLS wants."""
    length = _MINUTES * 60
    inputs = ["-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={length}"]
    inputs += ["-f", "lavfi", "-i", f"sine=440:duration={length}"]
    codecs = ["-c:v", "mpeg4", "-q:v", "5", "-c:a", "aac"]
    command = ["ffmpeg", "-v", "error", *inputs, *codecs, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


async def _package(port: int, path: Path) -> tuple[float, float]:
    """Return the seconds to the first segment and to the end."""
    began_s, first_s = time.monotonic(), 0.0
    url = f"http://127.0.0.1:{port}/api/media/hls"
    with path.open("rb") as file:
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client,
            client.stream(
                "POST",
                url,
                files={"file": (path.name, file)},
                headers={"Accept": "text/event-stream"},
            ) as answer,
        ):
            async for line in answer.aiter_lines():
                if not first_s and '"playlist_url"' in line:
                    first_s = time.monotonic() - began_s
                if line.startswith("data:") and '"result"' in line:
                    return first_s, time.monotonic() - began_s
                if line.startswith("event: error"):
                    raise BenchError("the film could not be packaged")
    raise BenchError("the stream ended without a result")
