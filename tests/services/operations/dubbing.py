"""What the tests of dubbing share: a context without a server, and how a result is heard."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from app.domain.cue import Cue
from app.domain.errors import NotReadyError
from app.domain.time import Span
from app.services.media.ffmpeg_runner import FfmpegRunner
from app.services.operations.dub_input import DubInput
from app.services.operations.dub_operation import dub
from app.services.operations.media_source import LocalMedia
from app.services.operations.operation import OperationResult
from app.services.operations.operation_context import (
    JobCues,
    OperationContext,
    OperationProgress,
    OperationServices,
)
from app.services.translation.translator import Translator
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.settings import Settings

Samples = NDArray[np.float32]


def nobody(*_: object) -> Any:
    raise AssertionError("not used here")


def no_translator() -> Any:
    raise NotReadyError("The translator is not loaded", retry_after_s=10)


def cues_of(*texts: tuple[int, int, str], speaker: str | None = None, of: str = "en") -> list[Cue]:
    """Return cues of (start, end, text) in ms."""
    return [
        Cue(n, Span(begin, end), text, speaker=speaker, language=of)
        for n, (begin, end, text) in enumerate(texts)
    ]


class Dubber:
    """Runs the operation in this process.

    Args:
        folder: for its files.
        settings: of the process.
        cues: of the job that its inputs name.
        language: of the cues.
        target: of their translations.
        translator: of the process.
    """

    def __init__(
        self,
        folder: Path,
        cues: Sequence[Cue],
        settings: Settings | None = None,
        language: str = "en",
        target: str | None = None,
        translator: Callable[[], Translator] = no_translator,
    ) -> None:
        self.settings = settings or Settings()
        self.synthesizer = SpeechSynthesizer(self.settings)
        self.told: list[OperationProgress] = []
        self._folder = folder
        self._found = JobCues(cues, language, target)
        self._translator = translator

    async def dub(self, media: Path | None, **fields: object) -> OperationResult:
        """Dub a file with the job's cues."""
        source = {"url_video": LocalMedia(media)} if media else {}
        wanted = DubInput.model_validate({"job_id": "1", **source, **fields})
        return await dub(wanted, self.context())

    def context(self) -> OperationContext:
        """Return a context whose files go to a folder of its own."""

        async def cues(_: str, editor: str | None) -> JobCues:
            return self._found

        services = OperationServices(
            self.settings,
            cast("Any", None),
            FfmpegRunner(self.settings.media),
            self.synthesizer,
            cues,
            nobody,
            self._translator,
            lambda _: cast("Any", None),
            cast("Any", None),
            cast("Any", None),
        )
        folder = self._folder / f"work-{len(list(self._folder.iterdir()))}"
        folder.mkdir()
        return OperationContext(services, folder, self.told.append, nobody)


def make_media(path: Path, *inputs: str, **options: str) -> Path:
    """Make a media file of generated sources; options without their dash."""
    sources = [part for each in inputs for part in ("-f", "lavfi", "-i", each)]
    extra = [part for name, value in options.items() for part in (f"-{name}", value)]
    command = ["ffmpeg", "-v", "error", "-y", *sources, *extra, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def decoded(path: Path, rate_hz: int, stream: str = "0:a:0") -> Samples:
    """Return the samples of a stream, mono, as ffmpeg decodes it."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", stream, "-ac", "1"]
    command += ["-ar", str(rate_hz), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4")


def onsets_ms(samples: Samples, rate_hz: int, pause_ms: int = 250) -> list[int]:
    """Return when sound begins after silence of some length, by its level."""
    window = rate_hz // 200
    count = len(samples) // window
    levels = np.abs(samples[: count * window]).reshape(count, window).max(axis=1)
    heard = np.flatnonzero(levels > 0.01 * levels.max())
    begins = [heard[0], *heard[1:][np.diff(heard) * 5 > pause_ms]]
    return [int(each) * 5 for each in begins]


def tone_level(samples: Samples, tone_hz: float, rate_hz: int) -> float:
    """Return how strong a tone is among other sound, by its part of the spectrum."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) / len(samples)
    at = round(tone_hz * len(samples) / rate_hz)
    return float(spectrum[at - 3 : at + 4].max())


def loudness(path: Path) -> float:
    """Return the integrated loudness in LUFS."""
    command = ["ffmpeg", "-nostats", "-i", str(path), "-af", "ebur128=framelog=verbose"]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, check=True).stderr
    return float(said.decode().rpartition("    I: ")[2].split()[0])


def probe(path: Path) -> list[dict[str, Any]]:
    """Return the streams of a file."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    found = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return cast("list[dict[str, Any]]", found["streams"])


def lines_of(result: OperationResult) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", result.fields["lines"])
