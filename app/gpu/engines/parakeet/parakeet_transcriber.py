"""Parakeet transcriber."""

from __future__ import annotations

import math
from collections.abc import Sequence

from app.domain.errors import EngineError
from app.domain.time import SAMPLE_RATE_HZ
from app.domain.transcript import Segment
from app.gpu.cache_key import cache_key, package, settings_part
from app.gpu.engines.parakeet.language_identification import (
    check_language,
    languages_of,
    spoken_language,
)
from app.gpu.engines.parakeet.parakeet_model import load_parakeet
from app.gpu.engines.parakeet.parakeet_words import TimedToken, build_words
from app.gpu.faults import inference_faults
from app.gpu.protocols import Prepared, Window
from app.gpu.sentence_segments import build_segments
from app.settings import Settings

_LONGEST_MS = 30_000
"""Windows are never longer; the model itself would take minutes of audio."""

_LEAST_SAMPLES = SAMPLE_RATE_HZ // 10
"""Its spectrogram needs a few frames."""

_NOT_IN_CACHE_KEY = frozenset({"model", "quantization", "cpu_threads"})
"""The identity of the files says which model it is, the precision which variant."""


class ParakeetTranscriber:
    """Satisfies `app.gpu.protocols.Transcriber` with a transducer on ONNX Runtime.

    It writes punctuation and capitals, needs no beams, and invents text in noise far less often
    than Whisper does; so there is one attempt and no quality gate. It takes no prompt.

    Attributes:
        device: ``cuda`` or ``cpu``.
        detail: model and precision.
        languages: base tags that can be requested.
        lanes: threads that may call `decode`; one is enough for a device.
        max_batch: windows in one call.
        cache_key: see `app.gpu.protocols.Engine`.

    Raises:
        EngineLoadError: packages are missing, or the model cannot be fetched, read or run.
    """

    name = "parakeet"
    translates = False

    def __init__(self, settings: Settings) -> None:
        model = load_parakeet(settings)
        self._recognizer = model.recognizer
        self.device: str = model.device
        self.lanes = settings.asr.lanes or 1
        self.max_batch = settings.asr.max_batch(model.device)
        self.languages: tuple[str, ...] | None = languages_of(model.tokens)
        precision = settings.parakeet.quantization or "float32"
        self.detail = f"{model.name}, {precision}"
        self.cache_key = cache_key(
            package("onnx-asr"),
            package("py3langid"),
            precision,
            model.identity,
            settings_part(settings.parakeet, exclude=_NOT_IN_CACHE_KEY),
        )

    def prepare(self, window: Window) -> Prepared:
        """See the protocol.

        Raises:
            InvalidLanguageError: the model does not know the window's language, or one of those
                that it may be in.
            EngineError: the window is longer than 30 s.
        """
        for tag in (window.language, *window.allowed_languages):
            check_language(tag, self.languages or ())
        if window.audio.span.duration_ms > _LONGEST_MS:
            raise EngineError("Parakeet is given 30 s at most at a time")
        return Prepared(window, padded_ms=window.audio.span.duration_ms)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        """Transcribe a batch; see the protocol. A window that was cancelled is skipped.

        Raises:
            EngineError: the model failed.
            OutOfMemoryError: the batch does not fit the device.
        """
        windows = [prepared.window for prepared in batch]
        results: list[list[Segment]] = [[] for _ in windows]
        wanted = [
            place
            for place, window in enumerate(windows)
            if len(window.audio.samples) >= _LEAST_SAMPLES and not window.cancelled.is_set()
        ]
        if not wanted:
            return results
        with inference_faults(self.name):
            recognized = self._recognizer.recognize(
                [windows[place].audio.samples for place in wanted], sample_rate=SAMPLE_RATE_HZ
            )
        for place, result in zip(wanted, recognized, strict=True):
            results[place] = self._segments(windows[place], _tokens(result))
        return results

    def _segments(self, window: Window, tokens: Sequence[TimedToken]) -> list[Segment]:
        words = build_words(tokens, window.audio.span)
        text = " ".join(word.text for word in words)
        known = window.allowed_languages or self.languages or ()
        return build_segments(words, spoken_language(text, window.language, known))


def _tokens(result: object) -> list[TimedToken]:
    """Return the tokens of one result of onnx-asr."""
    texts: Sequence[str] = getattr(result, "tokens", None) or ()
    starts_s: Sequence[float] = getattr(result, "timestamps", None) or ()
    logprobs: Sequence[float] = getattr(result, "logprobs", None) or [0.0] * len(texts)
    return [
        TimedToken(text, round(start_s * 1000), math.exp(min(0.0, logprob)))
        for text, start_s, logprob in zip(texts, starts_s, logprobs, strict=True)
    ]
