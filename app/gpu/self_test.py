"""A first piece of real work for every engine, before anybody may rely on it.

A driver that is too old for the CUDA libraries has made Whisper return empty text in silence, so
an engine counts as loaded only when it has done something with a clear sentence. On a GPU each
also computes one full batch: memory is taken and kernels are chosen then, and not by the first
request.
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
    """Transcribe windows now, further attempts included.

    Args:
        engine: nobody else may be using one of its lanes.
        windows: of any lengths and languages; those with equal keys are decoded together.

    Returns:
        One list of segments for each window, in order.

    Raises:
        EngineError: whatever the engine raised.
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
"""A window nearly as long as Whisper reads."""
_DIALOGUE_S = 10.0
"""What pyannote's segmentation looks at a time; of less it may make nothing."""

_ADVICE = (
    "Check that the driver is new enough for the CUDA libraries (nvidia-smi shows the newest CUDA "
    "that it runs) and that the model's files are whole; ASR_SELF_TEST=false skips this test"
)


def read_clip() -> Samples:
    """Return a sentence of about 2.5 s, the one that `TEXT` is."""
    path = resources.files("app.gpu.clips").joinpath("sentence.wav")
    with path.open("rb") as file, wave.open(file) as wav:
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
    return (pcm / 32768).astype(np.float32)


def check_transcriber(engine: Transcriber, languages: Sequence[str] | None) -> None:
    """Let a transcriber hear a sentence.

    Args:
        engine: loaded; nobody else uses it yet.
        languages: base tags that it knows; None for whatever.

    Raises:
        EngineLoadError: it heard no word, or failed.
    """
    tag = LANGUAGE if not languages or LANGUAGE in languages else None
    with _failures(engine):
        heard = transcribe_windows(engine, [Window(Audio(read_clip()), tag)])[0]
        if not any(segment.text.strip() for segment in heard):
            raise EngineLoadError(f"{engine.name} returned no text for a clear sentence. {_ADVICE}")
        if _on_gpu(engine):
            _fill(engine, tag)


def check_aligner(engine: Aligner) -> None:
    """Let an aligner find the words of a sentence; nothing happens where it serves no English.

    Raises:
        EngineLoadError: it found no word inside the sentence, or failed.
    """
    samples = read_clip()
    with _failures(engine):
        if not engine.supports(LANGUAGE):
            return
        passage = AlignmentInput(Audio(samples), (_sentence(Audio(samples).span),))
        count = engine.max_batch if _on_gpu(engine) else 1
        for segments in engine.align([passage] * count):
            spans = [word.span for segment in segments for word in segment.words]
            if not spans or not all(_inside(span, passage.audio.span) for span in spans):
                raise EngineLoadError(
                    f"{engine.name} found no times for the words of a clear sentence. {_ADVICE}"
                )


def check_diarizer(engine: Diarizer) -> None:
    """Let a diarizer hear somebody speak.

    Raises:
        EngineLoadError: it heard nobody, or failed.
    """
    least = int(_DIALOGUE_S * SAMPLE_RATE_HZ)
    samples = _repeated(max(least, engine.slice_samples) if _on_gpu(engine) else least)
    with _failures(engine):
        turns = engine.turns(engine.process(samples, None, last=True), SpeakerCount())
        if not turns:
            raise EngineLoadError(f"{engine.name} heard nobody speak in clear speech. {_ADVICE}")


def _fill(engine: Transcriber, tag: str | None) -> None:
    """Decode one batch as large as they get, or as large as fits."""
    samples = _repeated(int(_FULL_S * SAMPLE_RATE_HZ))
    count = engine.max_batch
    while True:
        try:
            transcribe_windows(engine, [Window(Audio(samples), tag) for _ in range(count)])
            return
        except OutOfMemoryError:
            # The queue will find out for itself how much fits.
            if count == 1:
                raise
            count //= 2


def _repeated(length: int) -> Samples:
    """Return the sentence again and again, with pauses."""
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
