"""Whisper transcriber."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.domain.audio import Audio
from app.domain.errors import EngineLoadError, InvalidLanguageError
from app.domain.time import SAMPLE_RATE_HZ
from app.domain.transcript import Segment
from app.gpu.cache_key import cache_key, package, settings_part
from app.gpu.device import choose_device
from app.gpu.engines.whisperx.decoding_pass import DecodingPass
from app.gpu.engines.whisperx.log_mel import bucket_of, log_mel
from app.gpu.engines.whisperx.quality_gate import GATE_REVISION, QualityGate
from app.gpu.engines.whisperx.whisper_checkpoint import load_checkpoint
from app.gpu.engines.whisperx.whisper_languages import (
    LikelyLanguage,
    SpokenLanguage,
    WhisperLanguages,
)
from app.gpu.engines.whisperx.whisper_vocabulary import HINTS_REVISION
from app.gpu.engines.whisperx.window_decoding import WindowDecoding
from app.gpu.faults import inference_faults, load_faults
from app.gpu.protocols import Prepared, Window
from app.gpu.repetition_filter import LOOPS_REVISION
from app.settings import Settings, WhisperSettings

_BUCKETS_S = {"cpu": (10, 15, 25, 30), "cuda": (30,)}

_NOT_IN_CACHE_KEY = frozenset({"model", "compute_type", "buckets_s", "cpu_threads"})
"""The key contains their results instead: the identity of the files, the precision that the device
allowed, and the lengths that windows are padded to."""


class WhisperxTranscriber:
    """Satisfies `app.gpu.protocols.Transcriber` with Whisper on CTranslate2.

    faster-whisper gives the spectrograms and loads the models; decoding, the quality gate and
    word times are done here, since batches of faster-whisper and whisperx take one language and
    whisperx's ignore every threshold. A batch may contain windows of any requests and languages. A
    window whose text the quality gate rejects is returned prepared for the next temperature, so
    that it does not delay the others of its batch.

    On a CPU, windows are padded to 10, 15, 25 or 30 s: an encoding costs what its length costs.
    On a GPU that saves little and all are padded to 30 s, the one length that the published
    checkpoints were trained on; `WHISPER_BUCKETS_S` chooses.

    Attributes:
        device: ``cuda`` or ``cpu``.
        detail: model and precision.
        cache_key: see `app.gpu.protocols.Engine`.
        languages: base tags that can be requested.
        translates: whether the model was trained to translate into English.
        lanes: threads that may call `decode`; one is enough for a device.
        max_batch: windows in one call.

    Raises:
        EngineLoadError: packages are missing, or the model cannot be fetched, read or run.
    """

    name = "whisperx"

    def __init__(self, settings: Settings) -> None:
        device = choose_device(settings.asr.device)
        self.device: str = device
        self.lanes = settings.asr.lanes or 1
        self.max_batch = settings.asr.max_batch(device)
        self._buckets_s = settings.whisper.buckets_s or _BUCKETS_S[device]
        self._checkpoint = load_checkpoint(settings, device)
        self._pass = DecodingPass(
            self._checkpoint, QualityGate.of(settings.whisper), settings.whisper.temperatures
        )
        self._default, self._choices = _defaults(self._checkpoint.languages, settings.whisper)
        self.detail = f"{self._checkpoint.name}, {self._checkpoint.compute_type}"
        self.cache_key = cache_key(
            package("ctranslate2"),
            package("faster-whisper"),
            self._checkpoint.compute_type,
            self._checkpoint.identity,
            f"padded to {self._buckets_s} s",
            f"loops {LOOPS_REVISION}",
            f"hints {HINTS_REVISION}",
            f"gate {GATE_REVISION}",
            settings_part(settings.whisper, exclude=_NOT_IN_CACHE_KEY),
        )
        self.languages: tuple[str, ...] | None = self._checkpoint.languages.tags
        self.translates = self._checkpoint.translates
        self._warm_up()

    def prepare(self, window: Window) -> Prepared:
        """Compute a window's spectrogram and look up its languages; see the protocol.

        Raises:
            InvalidLanguageError: the model does not know the window's language, or one that is
                allowed.
            EngineError: the window is longer than 30 s.
        """
        length = bucket_of(len(window.audio.samples), self._buckets_s)
        spoken, choices = self._languages_of(window)
        likely = tuple(map(LikelyLanguage, spoken))
        work = WindowDecoding(length, bool(window.prompt.strip()), choices, likely)
        if _is_wanted(window):
            mel = log_mel(window.audio.samples, self._checkpoint.mels, length)
            work = replace(work, features=mel)
        return work.ready(window)

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment] | Prepared]:
        """Transcribe a batch; see the protocol.

        A window that was cancelled before its turn is skipped, and not decoded again.

        Raises:
            EngineError: the model failed.
            OutOfMemoryError: the batch does not fit the device.
        """
        wanted = [place for place, prepared in enumerate(batch) if _is_wanted(prepared.window)]
        outcomes: list[list[Segment] | Prepared] = [[] for _ in batch]
        if wanted:
            with inference_faults(self.name):
                decoded = self._pass.run([batch[place] for place in wanted])
            for place, outcome in zip(wanted, decoded, strict=True):
                outcomes[place] = outcome
        return outcomes

    def _languages_of(
        self, window: Window
    ) -> tuple[tuple[SpokenLanguage, ...], tuple[SpokenLanguage, ...]]:
        """Return the window's language, or the languages that detection chooses from.

        The request goes before the server's settings.
        """
        languages = self._checkpoint.languages
        if window.language is not None:
            return (languages.spoken(window.language),), ()
        choices = languages.among(window.allowed_languages)
        if not choices:
            if self._default is not None:
                return (self._default,), ()
            choices = self._choices
        if not choices and not self._checkpoint.multilingual:
            choices = (languages.spoken("en"),)
        return (choices, ()) if len(choices) == 1 else ((), choices)

    def _warm_up(self) -> None:
        """Run every part of the model once, so that a fault shows at boot."""
        noise = np.random.default_rng(0).normal(0, 0.01, SAMPLE_RATE_HZ).astype(np.float32)
        with load_faults(f"Whisper model {self._checkpoint.name!r}", "WHISPER_MODEL"):
            prepared = self.prepare(Window(Audio(noise)))
            self.decode([prepared])
            self._pass.check(prepared)


def _is_wanted(window: Window) -> bool:
    return len(window.audio.samples) > 0 and not window.cancelled.is_set()


def _defaults(
    languages: WhisperLanguages, settings: WhisperSettings
) -> tuple[SpokenLanguage | None, tuple[SpokenLanguage, ...]]:
    """Return the server's language and allowed languages, checked."""
    setting = "WHISPER_LANGUAGE"
    try:
        spoken = languages.spoken(settings.language) if settings.language else None
        setting = "WHISPER_ALLOWED_LANGUAGES"
        return spoken, languages.among(settings.allowed_languages)
    except InvalidLanguageError as error:
        raise EngineLoadError(f"{setting}: {error.message}") from error
