"""Stage costs of this machine: its transcriber by the server's own settings, timed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.domain.audio import Audio
from app.domain.errors import CuestreamError
from app.domain.time import SAMPLE_RATE_HZ
from app.gpu.engine_registry import TRANSCRIBERS, load_engine
from app.gpu.protocols import Transcriber, Window
from app.settings import Settings
from bench.figure import BenchError, Figure, Goal
from bench.machine import describe_machine
from bench.measure import BenchEnvironment
from bench.simulation.costs import FILE
from bench.simulation.job import WINDOW_S

_SPEECH = Path(__file__).parents[2] / "samples" / "voicemail.mp4"
_ROUNDS = 3


COLD_START = Goal("cost_cold_start_s", 60.0, "s")
CALL = Goal("cost_call_s", WINDOW_S / 2, "s")
WINDOW = Goal("cost_window_s", WINDOW_S / 2, "s")
"""Figures of `make bench` that the simulation takes for a card's costs: a window of speech takes
half its length at most, even alone."""


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the stage costs of this machine as figures.

    Raises:
        BenchError: the engine cannot be loaded.
    """
    try:
        found = await asyncio.to_thread(measure_costs)
    except CuestreamError as error:
        raise BenchError(error.message) from error
    environment.progress.step(str(found["source"]))
    values = {f"cost_{name}": value for name, value in found.items()}
    return [goal.reached(float(str(values[goal.name]))) for goal in (COLD_START, CALL, WINDOW)]


def write_measured(name: str) -> None:
    """Time the engine and add its costs to the file.

    Args:
        name: of the entry, for ``--card``.
    """
    found = measure_costs()
    content = json.loads(FILE.read_text("utf-8"))
    content[name] = found
    FILE.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
    print(json.dumps(found, indent=2))


def measure_costs() -> dict[str, object]:
    """Return the costs of a call and of each window in it, by real speech.

    A call of one window and one of a full batch give both. The shortest of some rounds counts: what
    else the machine does makes a call longer and never shorter.
    """
    settings = Settings()
    began_s = time.perf_counter()
    engine: Transcriber = load_engine(TRANSCRIBERS, settings.asr.engine, settings)
    load_s = time.perf_counter() - began_s
    windows = _windows(engine.max_batch)
    one_s = min(_timed(engine, windows[:1]) for _ in range(_ROUNDS))
    full_s = min(_timed(engine, windows) for _ in range(_ROUNDS)) if len(windows) > 1 else one_s
    window_s = max(0.0, full_s - one_s) / max(1, len(windows) - 1)
    return {
        "source": f"measured: {settings.asr.engine} on {describe_machine()}",
        "cold_start_s": round(load_s, 2),
        "call_s": round(max(0.0, one_s - window_s), 3),
        "window_s": round(window_s, 3),
        "max_batch": engine.max_batch,
    }


def _timed(engine: Transcriber, windows: Sequence[Window]) -> float:
    prepared = [engine.prepare(window) for window in windows]
    began_s = time.perf_counter()
    engine.decode(prepared)
    return time.perf_counter() - began_s


def _windows(number: int) -> list[Window]:
    """Return windows of speech, each from another place of the sample."""
    command = ["ffmpeg", "-v", "error", "-i", str(_SPEECH), "-ac", "1", "-ar", "16000"]
    raw = subprocess.run([*command, "-f", "s16le", "-"], check=True, capture_output=True).stdout
    samples = np.frombuffer(raw, "<i2").astype(np.float32) / 32768
    length = int(WINDOW_S * SAMPLE_RATE_HZ)
    return [
        Window(Audio(np.resize(np.roll(samples, -at * length // 3), length), 0), "en")
        for at in range(number)
    ]
