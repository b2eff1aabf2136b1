"""Time of a repeated video, or to the first translated cue, relative to work without reuse.

Ten minutes go through the real server with Whisper and a model server of ours
(0.4 s to the first token, 100 tokens a second on each stream): into one language, into a second
one, and the first one again, to a server that was restarted each time, so that all it can reuse
is on its disk.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.batched import BATCH_LINES, translate_batched
from bench.engine import bare_engine, transcribe_all, windows_of
from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment
from bench.model_server import INTO, TARGET, model_server
from bench.recording import TALK
from bench.serving import serving
from bench.wire import upload
from tests.chat_server import ChatServer

FIRST_TRANSLATED = Goal("first_translated_over_serial", 0.1, "ratio")
SECOND_LANGUAGE = Goal("second_language_over_first", 0.15, "ratio")
REPEAT = Goal("repeat_over_first", 0.02, "ratio")

_MINUTES = 10
_IN_FLIGHT = 8
_SECOND = "fr"


@dataclass(frozen=True, slots=True)
class _Run:
    first_cue_s: float
    end_s: float
    texts: tuple[str, ...]


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the three figures of one run each."""
    media = environment.recordings.get(TALK, _MINUTES)
    with model_server() as model, tempfile.TemporaryDirectory() as cache:
        runs = _Runs(environment, model, media, Path(cache))
        first = await runs.served("the first time", TARGET)
        second = await runs.served("into a second language", _SECOND)
        again = await runs.served("the first language again", TARGET)
        if again.texts != first.texts:
            raise BenchError("the repeated job answered something else")
        serial_s = await _serial(environment, model, media, first.texts)
    return [
        FIRST_TRANSLATED.reached(first.first_cue_s / serial_s),
        SECOND_LANGUAGE.reached(second.end_s / first.end_s),
        REPEAT.reached(again.end_s / first.end_s),
    ]


@dataclass(frozen=True, slots=True)
class _Runs:
    environment: BenchEnvironment
    model: ChatServer
    media: Path
    cache: Path

    async def served(self, what: str, target: str) -> _Run:
        """Send the recording to a new server with the caches of earlier ones."""
        settings = {
            "CACHE_DIR": str(self.cache),
            "CACHE_MAX_SIZE_MB": "1000",
            "LLM_PROVIDER": "openai_compatible",
            "SERVER_API_URL": self.model.url,
            "SERVER_MODEL": "bench",
            "TRANSLATION_CONCURRENCY": str(_IN_FLIGHT),
            "ASR_BATCH_SIZE": "1",
        }
        calls = len(self.model.calls)
        async with serving(**settings) as server:
            run = await _run(server.port, self.media, target)
        self.environment.progress.step(
            f"reuse: {what}: first cue after {run.first_cue_s:.2f} s, all after "
            f"{run.end_s:.2f} s, {len(self.model.calls) - calls} requests to the model"
        )
        return run


async def _run(port: int, media: Path, target: str) -> _Run:
    first_cue_s = 0.0
    fields = {"target_lang": target, "source_lang": "en", "force_refresh": "false"}
    async with upload(port, media, **fields) as stream:
        async for frame in stream.frames():
            if frame.is_cues and not first_cue_s:
                first_cue_s = frame.at_s - stream.asked_s
            if frame.is_final:
                if "result" not in frame.data:
                    raise BenchError(f"the job failed: {frame.data}")
                cues = frame.data["result"]["subtitles"]
                texts = tuple(cue["text"] for cue in cues)
                return _Run(first_cue_s, frame.at_s - stream.asked_s, texts)
    raise BenchError("the stream was cut")


async def _serial(
    environment: BenchEnvironment, model: ChatServer, media: Path, texts: Sequence[str]
) -> float:
    """Return the time to the first translation where it begins after all transcription."""
    engine = await asyncio.to_thread(bare_engine)
    started_s = time.monotonic()
    windows = await windows_of(media)
    await asyncio.to_thread(transcribe_all, engine, windows)
    transcribed_s = time.monotonic() - started_s
    timed = await translate_batched(model.url, texts[:BATCH_LINES], INTO, _IN_FLIGHT)
    environment.progress.step(
        f"reuse: one after the other: heard after {transcribed_s:.1f} s, first line "
        f"{timed.first_s:.2f} s later"
    )
    return transcribed_s + timed.first_s
