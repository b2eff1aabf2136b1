"""Media operations in this process, and the bare ffmpeg commands that they are compared with."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from app.container import Services
from app.settings import CacheSettings, FileSettings, MediaSettings, Settings, SourceSettings
from app.submission.envelopes.envelope import EnvelopeJob
from app.submission.envelopes.operation_envelope import operation_answer
from bench.figure import BenchError


def operation_settings(folder: Path) -> Settings:
    """Return the settings of services whose files lie in a folder, encoding with x264."""
    return Settings(
        caches=CacheSettings(cache_dir=folder / "cache"),
        sources=SourceSettings(work_dir=folder),
        files=FileSettings(files_dir=folder / "files"),
        media=MediaSettings(media_encoder="x264"),
    )


async def operation_s(services: Services, **fields: Any) -> float:
    """Do an operation; return the seconds from the request to the stored file."""
    job = EnvelopeJob("bench", fields, services, base_url="http://127.0.0.1")
    started_s = time.perf_counter()
    await operation_answer(job)
    return time.perf_counter() - started_s


def ffmpeg_s(*arguments: str) -> float:
    """Run ffmpeg; return its seconds.

    Raises:
        BenchError: it failed.
    """
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments]
    started_s = time.perf_counter()
    if subprocess.run(command, check=False).returncode:
        raise BenchError("ffmpeg failed")
    return time.perf_counter() - started_s
