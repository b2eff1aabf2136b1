"""Media operations in this process: real ffmpeg, a real media site on loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.services.media.ffmpeg_runner import FfmpegRunner
from app.services.net.fetch import Fetcher
from app.services.net.ssrf_guard import SsrfGuard
from app.services.operations.operation import OperationResult
from app.services.operations.operation_context import (
    OperationContext,
    OperationProgress,
    OperationServices,
)
from app.services.operations.operation_table import operation_named
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.settings import MediaSettings, Settings
from app.submission.envelopes.operation_envelope import operation_input
from tests.media_server import MediaServer


@dataclass
class Operations:
    """Runs operations in a folder.

    Attributes:
        folder: of the operation that runs.
        told: its progress.
        media: settings.
    """

    folder: Path
    media: MediaSettings = field(default_factory=lambda: MediaSettings(media_encoder="x264"))
    told: list[OperationProgress] = field(default_factory=list)

    async def run(self, name: str, **fields: object) -> OperationResult:
        operation = operation_named(name)
        checked = operation_input(operation, fields)
        return await operation.run(checked, self.context())

    def context(self) -> OperationContext:
        settings = Settings(media=self.media)
        services = OperationServices(
            settings,
            Fetcher(settings.sources, SsrfGuard(allow_private=True)),
            FfmpegRunner(self.media),
            SpeechSynthesizer(settings, None),
            _no_cues,
            _no_cues,
            _nothing,
            _nothing,
            _NO_CACHES,
            _NO_DOWNLOADS,
        )
        return OperationContext(services, self.folder, self.told.append, _no_delivery)


async def _no_cues(*_: object) -> Any:
    raise NotImplementedError


def _nothing(*_: object) -> Any:
    raise NotImplementedError


_NO_CACHES: Any = None
_NO_DOWNLOADS: Any = None


async def _no_delivery(_: object) -> Any:
    raise NotImplementedError


@pytest.fixture
def operations(tmp_path: Path) -> Operations:
    folder = tmp_path / "work"
    folder.mkdir()
    return Operations(folder)


@pytest.fixture(scope="module")
def site() -> Iterator[MediaServer]:
    server = MediaServer()
    yield server
    server.close()


Make = Callable[..., str]
Run = Callable[..., Awaitable[OperationResult]]


@pytest.fixture(scope="module")
def make(site: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Run ffmpeg with the given arguments; return the address of what it makes."""
    folder = tmp_path_factory.mktemp("site")

    def made(name: str, *arguments: str) -> str:
        path = folder / name
        command = ["ffmpeg", "-v", "error", "-y", *arguments, str(path)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return site.add(path)

    return made


def probe(path: Path) -> dict[str, Any]:
    """Return what ffprobe says of a file, with the number of its frames that can be decoded."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format"]
    output = subprocess.run([*command, "-of", "json", str(path)], check=True, capture_output=True)
    return json.loads(output.stdout)  # type: ignore[no-any-return]


def stream(path: Path, kind: str) -> dict[str, Any]:
    """Return the first stream of a kind."""
    return next(each for each in probe(path)["streams"] if each["codec_type"] == kind)


def has(path: Path, kind: str) -> bool:
    return any(each["codec_type"] == kind for each in probe(path)["streams"])
