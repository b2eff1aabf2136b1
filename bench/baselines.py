"""Baselines of the comparisons, called as their users call them.

They are whisperx and faster-whisper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.whisper import BEAM

_OPTIONS: dict[str, Any] = {
    "language": "en",
    "beam_size": BEAM,
    "without_timestamps": True,
    "temperature": 0.0,
    "condition_on_previous_text": False,
}
"""The same search on both sides, without a second attempt."""

Span = tuple[float, float]


def first_sequential(model: Path) -> Callable[[Path], str]:
    """Return what gives the first text of a file by faster-whisper's own loop."""
    from faster_whisper import WhisperModel

    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)

    def first(media: Path) -> str:
        segments, _ = whisper.transcribe(str(media), vad_filter=True, **_OPTIONS)
        return str(next(iter(segments)).text)

    return first


def first_batched(model: Path, batch: int) -> Callable[[Path], str]:
    """Return what gives the first text of a file by faster-whisper's batched pipeline."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=1)
    pipeline = BatchedInferencePipeline(whisper)

    def first(media: Path) -> str:
        segments, _ = pipeline.transcribe(str(media), batch_size=batch, **_OPTIONS)
        return str(next(iter(segments)).text)

    return first


class Whisperx:
    """whisperx's `transcribe()` with given spans of speech.

    Args:
        model: checkpoint.
        find: returns spans of speech in seconds, of the same VAD as on our side.
    """

    def __init__(self, model: Path, find: Callable[[Any], Sequence[Span]]) -> None:
        import whisperx.asr

        self._pipeline = whisperx.asr.load_model(
            str(model),
            "cpu",
            compute_type="int8",
            vad_model=_detector(find),
            language="en",
            threads=1,
            asr_options={"beam_size": BEAM},
        )

    def transcribe(self, media: Path, batch: int) -> list[str]:
        """Return the text of each segment of a file."""
        from whisperx.audio import load_audio

        found = self._pipeline.transcribe(load_audio(str(media)), batch_size=batch, chunk_size=30)
        return [str(segment["text"]) for segment in found["segments"]]


def _detector(find: Callable[[Any], Sequence[Span]]) -> Any:
    """Return a VAD as whisperx wants one, whose spans are used as they are."""
    from whisperx.diarize import Segment
    from whisperx.vads.vad import Vad

    class Found(Vad):  # type: ignore[misc, unused-ignore]
        def __init__(self) -> None:
            super().__init__(0.5)

        @staticmethod
        def preprocess_audio(audio: Any) -> Any:
            return audio

        def __call__(self, audio: Any, **_: Any) -> list[Any]:
            return [Segment(start, end, None) for start, end in find(audio["waveform"])]

        @staticmethod
        def merge_chunks(segments: Any, *_: Any, **__: Any) -> list[dict[str, Any]]:
            return [
                {"start": each.start, "end": each.end, "segments": [(each.start, each.end)]}
                for each in segments
            ]

    return Found()
