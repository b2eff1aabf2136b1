"""The engine: windows of any requests and languages in, segments out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np

from app.domain.audio import Audio
from app.domain.errors import EngineError, EngineLoadError, InvalidLanguageError
from app.domain.time import SAMPLE_RATE_HZ, samples_to_ms
from app.domain.transcript import Segment
from app.gpu.device import choose_device
from app.gpu.engines.whisperx.checkpoint import Checkpoint, load_checkpoint
from app.gpu.engines.whisperx.decoder import Encoded, Plan, Text, TokenTimes, token_limit
from app.gpu.engines.whisperx.features import WINDOW_SAMPLES, frames, log_mels
from app.gpu.engines.whisperx.gate import Attempt, Gate
from app.gpu.engines.whisperx.sentences import Heard, build_segments
from app.gpu.engines.whisperx.words import build_words
from app.gpu.faults import inference_faults, load_faults
from app.gpu.hearing import transcribe_windows
from app.gpu.protocols import Prepared, Window
from app.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class _Spoken:
    """A window whose language is known.

    Attributes:
        code: the checkpoint's code for the language.
        tag: BCP 47 tag, as the caller wrote it if they did.
    """

    window: Window
    code: str
    tag: str


class WhisperxTranscriber:
    """Satisfies `app.gpu.protocols.Transcriber` with Whisper on CTranslate2.

    whisperx gives the spectrograms and, through faster-whisper, the models; decoding, the
    quality gate and word times are done here, since whisperx's own batches take one language
    and ignore every threshold. A batch may hold windows of any requests and languages.

    Attributes:
        device: ``cuda`` or ``cpu``.
        detail: model and precision.
        revision: the model's files, the precision, and the version of what runs it.
        languages: base tags that can be asked for.
        lanes: threads that may call `transcribe`; one keeps a device busy.
        max_batch: windows in one call.

    Raises:
        EngineLoadError: packages are missing, or the model cannot be fetched, read or run.
    """

    name = "whisperx"

    def __init__(self, settings: Settings) -> None:
        device = choose_device(settings.asr.device)
        self.device: str = device
        self.lanes = settings.asr.lanes or 1
        self.max_batch = settings.asr.batch_size
        self._checkpoint = load_checkpoint(settings, device)
        self._gate = Gate.of(settings.whisper)
        self._temperatures = settings.whisper.temperatures
        self._default_tag = _default_tag(self._checkpoint, settings.whisper.language)
        self.detail = f"{self._checkpoint.name}, {self._checkpoint.compute_type}"
        self.revision = (
            f"ctranslate2 {version('ctranslate2')}, {self._checkpoint.compute_type}, "
            f"{self._checkpoint.identity}"
        )
        self.languages: tuple[str, ...] | None = self._checkpoint.languages.tags
        self._warm_up()

    def prepare(self, window: Window) -> Prepared:
        """See the protocol.

        Raises:
            InvalidLanguageError: the model does not know the window's language.
            EngineError: the window is longer than 30 s.
        """
        if len(window.audio.samples) > WINDOW_SAMPLES:
            raise EngineError("Whisper reads at most 30 s at a time")
        if window.language is not None:
            self._checkpoint.languages.code(window.language)
        return Prepared(window, padded_ms=samples_to_ms(WINDOW_SAMPLES))

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        """Transcribe a batch; see the protocol.

        A window that was cancelled before its turn is skipped, and not decoded again.

        Raises:
            EngineError: the model failed.
            OutOfMemoryError: the batch does not fit the device.
        """
        windows = [prepared.window for prepared in batch]
        wanted = [
            place
            for place, window in enumerate(windows)
            if len(window.audio.samples) and not window.cancelled.is_set()
        ]
        results: list[list[Segment]] = [[] for _ in windows]
        if wanted:
            with inference_faults(self.name):
                heard = self._hear([windows[place] for place in wanted])
            for place, segments in zip(wanted, heard, strict=True):
                results[place] = segments
        return results

    def _hear(self, windows: Sequence[Window]) -> list[list[Segment]]:
        samples = [window.audio.samples for window in windows]
        encoded = self._checkpoint.decoder.encode(log_mels(samples, self._checkpoint.mels))
        batch = self._with_languages(windows, encoded)
        chosen = self._decode(batch, encoded)
        return self._with_times(batch, encoded, chosen)

    def _with_languages(self, windows: Sequence[Window], encoded: Encoded) -> list[_Spoken]:
        languages = self._checkpoint.languages
        tags = [window.language or self._default_tag for window in windows]
        detected: Sequence[str] = ["en"] * len(tags)
        if self._checkpoint.multilingual and None in tags:
            detected = self._checkpoint.decoder.detect_languages(encoded)
        return [
            _Spoken(window, languages.code(tag), tag)
            if tag
            else _Spoken(window, code, languages.tag(code))
            for window, tag, code in zip(windows, tags, detected, strict=True)
        ]

    def _decode(self, batch: Sequence[_Spoken], encoded: Encoded) -> list[Attempt | None]:
        """Return the text of each window, None where nobody spoke or nobody listens.

        Only windows whose attempt fails the gate go on to the next temperature, as a smaller
        batch.
        """
        attempts: list[list[Attempt]] = [[] for _ in batch]
        waiting = [self._plan(spoken, row) for row, spoken in enumerate(batch)]
        for temperature in self._temperatures:
            waiting = [plan for plan in waiting if not batch[plan.row].window.cancelled.is_set()]
            if not waiting:
                break
            made = self._checkpoint.decoder.attempt(encoded, waiting, temperature)
            for plan, attempt in zip(waiting, made, strict=True):
                attempts[plan.row].append(attempt)
            waiting = [plan for plan in waiting if not self._gate.passes(attempts[plan.row][-1])]
        return [self._kept(spoken, tries) for spoken, tries in zip(batch, attempts, strict=True)]

    def _plan(self, spoken: _Spoken, row: int) -> Plan:
        prompt = self._checkpoint.vocabulary.prompt(spoken.code, spoken.window.prompt)
        return Plan(row, tuple(prompt), token_limit(spoken.window.audio.span.duration_ms))

    def _kept(self, spoken: _Spoken, tries: Sequence[Attempt]) -> Attempt | None:
        if not tries or spoken.window.cancelled.is_set():
            return None
        best = self._gate.choose(tries)
        return best if best.text and not self._gate.is_silence(best) else None

    def _with_times(
        self, batch: Sequence[_Spoken], encoded: Encoded, chosen: Sequence[Attempt | None]
    ) -> list[list[Segment]]:
        """Find the word times, language by language, since one alignment has one language."""
        results: list[list[Segment]] = [[] for _ in batch]
        texts = {row: kept for row, kept in enumerate(chosen) if kept is not None}
        for code in sorted({batch[row].code for row in texts}):
            group = [
                Text(row, kept.tokens, frames(len(batch[row].window.audio.samples)))
                for row, kept in texts.items()
                if batch[row].code == code
            ]
            times = self._checkpoint.decoder.align(encoded, code, group)
            for text, token_times in zip(group, times, strict=True):
                kept = texts[text.row]
                results[text.row] = self._segments(batch[text.row], kept, token_times)
        return results

    def _segments(self, spoken: _Spoken, kept: Attempt, times: TokenTimes) -> list[Segment]:
        pieces = self._checkpoint.vocabulary.pieces(kept.tokens)
        words = build_words(pieces, times, spoken.window.audio.span)
        return build_segments(words, Heard(spoken.tag, kept.mean_logprob))

    def _warm_up(self) -> None:
        """Run every part of the model once, so that what it lacks shows at boot."""
        checkpoint = self._checkpoint
        code = checkpoint.vocabulary.codes[0]
        noise = np.random.default_rng(0).normal(0, 0.01, SAMPLE_RATE_HZ).astype(np.float32)
        with load_faults(f"Whisper model {checkpoint.name!r}", "WHISPER_MODEL"):
            transcribe_windows(self, [Window(Audio(noise), checkpoint.languages.tag(code))])
            encoded = checkpoint.decoder.encode(log_mels([noise], checkpoint.mels))
            if checkpoint.multilingual and self._default_tag is None:
                checkpoint.decoder.detect_languages(encoded)
            tokens = (checkpoint.vocabulary.blank,)
            checkpoint.decoder.align(encoded, code, [Text(0, tokens, frames(len(noise)))])


def _default_tag(checkpoint: Checkpoint, language: str) -> str | None:
    """Return `WHISPER_LANGUAGE`, checked; None lets the model detect."""
    if not language:
        return None
    try:
        checkpoint.languages.code(language)
    except InvalidLanguageError as error:
        raise EngineLoadError(f"WHISPER_LANGUAGE: {error.message}") from error
    return language
