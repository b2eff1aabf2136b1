"""The recognisers that ours is compared with, called as their users call them.

They are faster-whisper's own loop with its VAD on, faster-whisper's batched pipeline, and whisperx
with pyannote's VAD, whose weights its package brings. All read the same checkpoint in int8 with
five beams and two threads; everything else is their default. whisperx gives no word times here: its
aligners are models of their own, and ours is compared without an aligner too.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from bench.recognition import Recognition, TimedText, timed

BEAM = 5
BATCH = 8
"""faster-whisper's own default, and what whisperx's command line takes."""
THREADS = 2

SEQUENTIAL, BATCHED, WHISPERX = "sequential", "batched", "whisperx"

_SEED = 0
"""Second attempts sample; with a seed they sample the same each time."""


class Peer(Protocol):
    """A recogniser of a whole file.

    Attributes:
        packages: whose versions decide what it makes of a file.
    """

    packages: tuple[str, ...]

    def recognize(self, media: Path, language: str | None, *, words: bool = False) -> Recognition:
        """Return what is said in a file; blocks.

        Args:
            media: the file.
            language: base tag; None to detect it.
            words: whether words get times, where the peer can do that.
        """
        ...


def peers_on(model: Path) -> Mapping[str, Peer]:
    """Return the peers by name; each loads its model when it is first used."""
    return {SEQUENTIAL: Sequential(model), BATCHED: Batched(model), WHISPERX: Whisperx(model)}


class Sequential:
    """faster-whisper's `WhisperModel.transcribe` with its VAD on."""

    packages: tuple[str, ...] = ("faster-whisper", "ctranslate2")

    def __init__(self, model: Path) -> None:
        self._folder = model

    @cached_property
    def _model(self) -> Any:
        return _load(self._folder)

    def recognize(self, media: Path, language: str | None, *, words: bool = False) -> Recognition:
        """See `Peer`."""
        options = {"language": language, "beam_size": BEAM, "word_timestamps": words}
        _seed()
        return _recognition(*self._model.transcribe(str(media), vad_filter=True, **options))


class Batched:
    """faster-whisper's `BatchedInferencePipeline`."""

    packages: tuple[str, ...] = ("faster-whisper", "ctranslate2")

    def __init__(self, model: Path) -> None:
        self._folder = model

    @cached_property
    def _pipeline(self) -> Any:
        from faster_whisper import BatchedInferencePipeline

        return BatchedInferencePipeline(_load(self._folder))

    def recognize(self, media: Path, language: str | None, *, words: bool = False) -> Recognition:
        """See `Peer`."""
        options = {"language": language, "beam_size": BEAM, "word_timestamps": words}
        _seed()
        return _recognition(*self._pipeline.transcribe(str(media), batch_size=BATCH, **options))


class Whisperx:
    """whisperx's `load_model` and `transcribe`; it never gives word times."""

    packages: tuple[str, ...] = ("whisperx", "faster-whisper", "ctranslate2", "torch")

    def __init__(self, model: Path) -> None:
        self._folder = model

    @cached_property
    def _pipeline(self) -> Any:
        import torch
        import whisperx.asr

        torch.set_num_threads(THREADS)
        options = {"compute_type": "int8", "threads": THREADS, "vad_method": "pyannote"}
        asr_options = {"beam_size": BEAM}
        with _quiet():
            return whisperx.asr.load_model(
                str(self._folder), "cpu", asr_options=asr_options, **options
            )

    def recognize(self, media: Path, language: str | None, *, words: bool = False) -> Recognition:
        """See `Peer`."""
        from whisperx.audio import load_audio

        _seed()
        with _quiet():
            found = self._pipeline.transcribe(
                load_audio(str(media)), batch_size=BATCH, language=language
            )
        segments = found["segments"]
        lines = tuple(timed(each["text"], each["start"], each["end"]) for each in segments)
        return Recognition(str(found["language"]), lines)


def _load(folder: Path) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=THREADS)


def _recognition(segments: Iterable[Any], info: Any) -> Recognition:
    lines: list[TimedText] = []
    words: list[TimedText] = []
    for segment in segments:
        lines.append(timed(segment.text, segment.start, segment.end))
        words += [timed(word.word.strip(), word.start, word.end) for word in segment.words or ()]
    return Recognition(str(info.language), tuple(lines), tuple(words))


def _seed() -> None:
    import ctranslate2

    ctranslate2.set_random_seed(_SEED)


@contextlib.contextmanager
def _quiet() -> Any:
    """Keep whisperx's remarks out of the steps."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
