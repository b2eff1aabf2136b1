"""Self-test of the engines at the start of the server.

A driver that is too old for the CUDA libraries has made Whisper return empty text in silence, so
an engine counts as loaded only when it has processed a clear sentence. On a GPU each also
computes one full batch: memory is taken and kernels are chosen then, and not by the first request.
"""

from __future__ import annotations

import wave
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources

import numpy as np

from app.domain.audio import Audio, Samples
from app.domain.errors import EngineError, EngineLoadError, OutOfMemoryError
from app.domain.request import SpeakerCount
from app.domain.time import SAMPLE_RATE_HZ, Span
from app.domain.transcript import Segment, Word
from app.gpu.protocols import (
    Aligner,
    AlignmentInput,
    Diarizer,
    Engine,
    Prepared,
    Transcriber,
    Window,
)


def transcribe_windows(engine: Transcriber, windows: Sequence[Window]) -> list[list[Segment]]:
    """Transcribe windows without a scheduler, further attempts included.

    Args:
        engine: not in use by another thread.
        windows: of any lengths and languages; those with equal keys are decoded together.

    Returns:
        One list of segments for each window, in order.

    Raises:
        EngineError: the engine failed.
    """
    results: list[list[Segment]] = [[] for _ in windows]
    waiting = deque(enumerate([engine.prepare(window) for window in windows]))
    while waiting:
        key, most = waiting[0][1].batch_key, engine.max_batch
        batch = [item for item in waiting if item[1].batch_key == key][:most]
        taken = {place for place, _ in batch}
        waiting = deque(item for item in waiting if item[0] not in taken)
        outcomes = engine.decode([prepared for _, prepared in batch])
        for (place, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Prepared):
                waiting.append((place, outcome))
            else:
                results[place] = list(outcome)
    return results


LANGUAGE = "en"
TEXT = "We can take the train in the morning."

_PAUSE = SAMPLE_RATE_HZ // 2
_FULL_S = 28.0
"""A window nearly as long as Whisper's context."""
_DIALOGUE_S = 10.0
"""Chunk of pyannote's segmentation; less audio may give no turns."""

_ADVICE = (
    "Check that the driver is new enough for the CUDA libraries (nvidia-smi shows the newest CUDA "
    "that it runs) and that the model's files are whole; ASR_SELF_TEST=false skips this test"
)


def read_clip() -> Samples:
    """Return the audio of `TEXT`, about 2.5 s."""
    path = resources.files("app.gpu.clips").joinpath("sentence.wav")
    with path.open("rb") as file, wave.open(file) as wav:
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
    return (pcm / 32768).astype(np.float32)


def check_transcriber(engine: Transcriber, languages: Sequence[str] | None) -> None:
    """Let a transcriber transcribe a sentence.

    Args:
        engine: loaded, not in use yet.
        languages: base tags that it knows; None for no list.

    Raises:
        EngineLoadError: it returned no word, or failed.
    """
    tag = LANGUAGE if not languages or LANGUAGE in languages else None
    with _failures(engine):
        segments = transcribe_windows(engine, [Window(Audio(read_clip()), tag)])[0]
        if not any(segment.text.strip() for segment in segments):
            raise EngineLoadError(f"{engine.name} returned no text for a clear sentence. {_ADVICE}")
        if _on_gpu(engine):
            _decode_full_batch(engine, tag)


def check_aligner(engine: Aligner) -> None:
    """Let an aligner align a sentence; nothing happens where it has no English model.

    Raises:
        EngineLoadError: it found no word inside the sentence, or failed.
    """
    samples = read_clip()
    with _failures(engine):
        if not engine.supports(LANGUAGE):
            return
        alignment_input = AlignmentInput(Audio(samples), (_sentence(Audio(samples).span),))
        count = engine.max_batch if _on_gpu(engine) else 1
        for segments in engine.align([alignment_input] * count):
            spans = [word.span for segment in segments for word in segment.words]
            if not spans or not all(_inside(span, alignment_input.audio.span) for span in spans):
                raise EngineLoadError(
                    f"{engine.name} found no times for the words of a clear sentence. {_ADVICE}"
                )


def check_diarizer(engine: Diarizer) -> None:
    """Let a diarizer find a speaker.

    Raises:
        EngineLoadError: it found no speaker, or failed.
    """
    least = int(_DIALOGUE_S * SAMPLE_RATE_HZ)
    samples = _repeated(max(least, engine.slice_samples) if _on_gpu(engine) else least)
    with _failures(engine):
        turns = engine.turns(engine.process(samples, None, last=True), SpeakerCount())
        if not turns:
            raise EngineLoadError(f"{engine.name} heard nobody speak in clear speech. {_ADVICE}")


def _decode_full_batch(engine: Transcriber, tag: str | None) -> None:
    """Decode one batch of the largest size, or of the largest that fits."""
    samples = _repeated(int(_FULL_S * SAMPLE_RATE_HZ))
    count = engine.max_batch
    while True:
        try:
            transcribe_windows(engine, [Window(Audio(samples), tag) for _ in range(count)])
            return
        except OutOfMemoryError:
            # The scheduler will learn by itself how much fits.
            if count == 1:
                raise
            count //= 2


def _repeated(length: int) -> Samples:
    """Return the sentence repeated with pauses, so many samples."""
    clip = np.concatenate([read_clip(), np.zeros(_PAUSE, np.float32)])
    return np.resize(clip, length)


def _sentence(span: Span) -> Segment:
    words = TEXT.split()
    step_ms = span.duration_ms // len(words)
    spread = tuple(
        Word(word, Span(number * step_ms, (number + 1) * step_ms))
        for number, word in enumerate(words)
    )
    return Segment(TEXT, span, spread, LANGUAGE)


def _inside(span: Span, whole: Span) -> bool:
    return whole.start_ms <= span.start_ms < span.end_ms <= whole.end_ms


@contextmanager
def _failures(engine: Engine) -> Iterator[None]:
    try:
        yield
    except EngineLoadError:
        raise
    except EngineError as error:
        raise EngineLoadError(
            f"{engine.name} failed on a clear sentence: {error.message}"
        ) from error


def _on_gpu(engine: Engine) -> bool:
    return engine.device == "cuda"
