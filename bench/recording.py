"""Recordings of any length, made of spoken sentences."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.domain.time import SAMPLE_RATE_HZ
from bench.figure import BenchError
from bench.speech import Pcm, speak

_SEED = 20
_NOISE = 4.0
"""Standard deviation of the noise in 16-bit steps, -78 dB: no two minutes are the same bytes."""

_ENCODE = ("-c:a", "aac", "-b:a", "48k", "-movflags", "+faststart")
"""What a video site sends: 60 minutes are 21 MB."""


@dataclass(frozen=True, slots=True)
class Manner:
    """Density of speech in a recording.

    Attributes:
        name: part of the file's name.
        together: sentences between two pauses.
        share: of the time, 0..1, that is speech.
    """

    name: str
    together: int
    share: float


TALK = Manner("talk", together=1, share=0.8)
"""A lecture: pauses of about half a second."""

SPARSE = Manner("sparse", together=3, share=0.2)
"""A surveillance tape: some seconds of speech, then half a minute of nothing."""


class Recordings:
    """Makes recordings when they are first asked for.

    Two recordings of one manner begin with the same sound, so that a long and a short one
    differ in their length alone.
    """

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._report = report
        self._sentences: list[Pcm] = []

    def get(self, manner: Manner, minutes: int) -> Path:
        """Return an M4A of that length.

        Raises:
            BenchError: flite or ffmpeg is missing or failed.
        """
        path = self._folder / f"{manner.name}-{minutes}.m4a"
        if not path.exists():
            self._report(f"making {minutes} min of speech ({manner.name})")
            if not self._sentences:
                self._sentences = speak(self._folder)
            pieces = _track(self._sentences, manner)
            _encode(path, _cut(pieces, minutes * 60 * SAMPLE_RATE_HZ))
        return path


def _track(sentences: Sequence[Pcm], manner: Manner) -> Iterator[Pcm]:
    """Yield speech and pauses for ever, in an order that only the seed decides."""
    random = np.random.default_rng(_SEED)
    for _ in itertools.count():
        order = random.permutation(len(sentences))
        for start in range(0, len(order), manner.together):
            speech = np.concatenate([sentences[i] for i in order[start : start + manner.together]])
            pause = round(len(speech) * (1 / manner.share - 1))
            piece = np.pad(speech.astype(np.float32), (0, pause))
            piece += random.normal(0, _NOISE, len(piece)).astype(np.float32)
            yield np.clip(np.rint(piece), -(2**15), 2**15 - 1).astype(np.int16)


def _cut(pieces: Iterator[Pcm], samples: int) -> Iterator[Pcm]:
    for piece in pieces:
        if len(piece) >= samples:
            yield piece[:samples]
            return
        samples -= len(piece)
        yield piece


def _encode(path: Path, pieces: Iterator[Pcm]) -> None:
    raw = ("-f", "s16le", "-ar", str(SAMPLE_RATE_HZ), "-ac", "1", "-i", "pipe:0")
    command = ["ffmpeg", "-v", "error", "-y", *raw, *_ENCODE, str(path)]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
            assert ffmpeg.stdin is not None
            for piece in pieces:
                ffmpeg.stdin.write(piece.astype("<i2").tobytes())
            ffmpeg.stdin.close()
    except OSError as error:
        raise BenchError("ffmpeg is needed") from error
    if ffmpeg.returncode:
        raise BenchError("ffmpeg could not write a recording")
