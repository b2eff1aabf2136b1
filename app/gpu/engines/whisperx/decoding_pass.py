"""One decoding pass over a batch: encoder, decoder, quality gate, word times."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.domain.transcript import Segment
from app.gpu.engines.whisperx.log_mel import frames
from app.gpu.engines.whisperx.quality_gate import DecodingAttempt, QualityGate
from app.gpu.engines.whisperx.whisper_checkpoint import WhisperCheckpoint
from app.gpu.engines.whisperx.whisper_decoder import (
    DecodedText,
    DecodingPlan,
    EncodedBatch,
    TokenTimes,
)
from app.gpu.engines.whisperx.whisper_vocabulary import ENGLISH
from app.gpu.engines.whisperx.whisper_words import build_words
from app.gpu.engines.whisperx.window_decoding import WindowDecoding
from app.gpu.preemption import preemption_point
from app.gpu.protocols import Prepared, Window
from app.gpu.repetition_filter import cut_crammed_end, cut_loops
from app.gpu.sentence_segments import build_segments

_END_MS = 1000
"""Sound after the last word that holds no further word: windows end up to 0.4 s after speech, and
the attention's time of a last word may be half a second early."""


class DecodingPass:
    """Runs one decoding attempt of a checkpoint over batches.

    Args:
        checkpoint: the model.
        gate: accepts or rejects an attempt.
        temperatures: one for each attempt.
    """

    def __init__(
        self, checkpoint: WhisperCheckpoint, gate: QualityGate, temperatures: Sequence[float]
    ) -> None:
        self._checkpoint = checkpoint
        self._gate = gate
        self._temperatures = temperatures

    def run(self, batch: Sequence[Prepared]) -> list[list[Segment] | Prepared]:
        """Decode each window once.

        Args:
            batch: windows with equal keys, at least one.

        Returns:
            For each its segments, or the window prepared for the next temperature.
        """
        windows = [prepared.window for prepared in batch]
        works = [_work(prepared) for prepared in batch]
        encoded = self._encoded(works)
        preemption_point()
        works = self._with_languages(works, encoded)
        temperature = self._temperatures[batch[0].attempt]
        works = self._tried(works, windows, encoded, temperature)
        preemption_point()
        timed = self._timed(self._chosen(works), windows, encoded)
        return [
            self._outcome(work, window, timed.get(row), encoded, row)
            for row, (work, window) in enumerate(zip(works, windows, strict=True))
        ]

    def check(self, prepared: Prepared) -> None:
        """Run language detection and alignment, which a first attempt may not need.

        Raises:
            EngineError: the checkpoint does not support them.
        """
        work = _work(prepared)
        encoded = self._encoded([work])
        [work] = self._with_languages([work], encoded)
        tokens = (self._checkpoint.vocabulary.blank,)
        text = DecodedText(0, tokens, frames(len(prepared.window.audio.samples)))
        self._checkpoint.decoder.align(encoded, work.likely[0].spoken.code, [text])

    def _encoded(self, works: Sequence[WindowDecoding]) -> EncodedBatch:
        """Encode a batch, or stack what an earlier attempt has encoded."""
        rows = [work.encoded for work in works if work.encoded is not None]
        if rows:
            return EncodedBatch.of_rows(rows)
        mels = [work.features for work in works if work.features is not None]
        return self._checkpoint.decoder.encode(mels)

    def _with_languages(
        self, works: Sequence[WindowDecoding], encoded: EncodedBatch
    ) -> list[WindowDecoding]:
        if all(work.likely for work in works):
            return list(works)
        detected = self._checkpoint.decoder.detect_languages(encoded)
        likely = self._checkpoint.languages.likely
        return [
            work if work.likely else replace(work, likely=likely(shares, work.choices))
            for work, shares in zip(works, detected, strict=True)
        ]

    def _tried(
        self,
        works: Sequence[WindowDecoding],
        windows: Sequence[Window],
        encoded: EncodedBatch,
        temperature: float,
    ) -> list[WindowDecoding]:
        """Decode each window in each of its likely languages."""
        plans = [
            self._plans(row, *pair) for row, pair in enumerate(zip(works, windows, strict=True))
        ]
        flat = [plan for own in plans for plan in own]
        sounds = windows[0].sounds
        made = iter(self._checkpoint.decoder.attempt(encoded, flat, temperature, sounds=sounds))
        return [
            work.tried(list(itertools.islice(made, len(own))))
            for work, own in zip(works, plans, strict=True)
        ]

    def _plans(self, row: int, work: WindowDecoding, window: Window) -> list[DecodingPlan]:
        prompt = self._checkpoint.vocabulary.prompt
        return [
            work.plan(row, window, tuple(prompt(spoken.code, window.prompt, window.task)), spoken)
            for spoken in (language.spoken for language in work.likely)
        ]

    def _chosen(self, works: Sequence[WindowDecoding]) -> dict[int, DecodingAttempt]:
        """Return the best attempt of each window that needs no further one."""
        return {
            row: self._gate.choose(work.attempts)
            for row, work in enumerate(works)
            if self._is_last(work) or self._gate.passes(work.attempts)
        }

    def _is_last(self, work: WindowDecoding) -> bool:
        return len(work.attempts) == len(self._temperatures)

    def _outcome(
        self,
        work: WindowDecoding,
        window: Window,
        segments: list[Segment] | None,
        encoded: EncodedBatch,
        row: int,
    ) -> list[Segment] | Prepared:
        if window.cancelled.is_set():
            return []
        if segments is not None:
            filtered = cut_loops(segments, window.audio)
            whole = filtered == segments or _reaches_end(filtered, window)
            if whole or self._is_last(work):
                return cut_crammed_end(filtered)
            work = work.looping()
        output = encoded.row(row) if work.encoded is None else work.encoded
        return replace(work, features=None, encoded=output).ready(window)

    def _timed(
        self,
        chosen: Mapping[int, DecodingAttempt],
        windows: Sequence[Window],
        encoded: EncodedBatch,
    ) -> dict[int, list[Segment]]:
        """Return segments with word times; `align` takes windows of one language and task."""
        results: dict[int, list[Segment]] = {row: [] for row in chosen}
        texts = {
            row: best
            for row, best in chosen.items()
            if best.text and not self._gate.is_silence(best) and not windows[row].cancelled.is_set()
        }
        starts = {row: (best.spoken.code, windows[row].task) for row, best in texts.items()}
        for code, task in sorted(set(starts.values())):
            group = [
                DecodedText(row, best.tokens, frames(len(windows[row].audio.samples)))
                for row, best in texts.items()
                if starts[row] == (code, task)
            ]
            times = self._checkpoint.decoder.align(encoded, code, group, task)
            for text, token_times in zip(group, times, strict=True):
                results[text.row] = self._segments(texts[text.row], windows[text.row], token_times)
        return results

    def _segments(self, best: DecodingAttempt, window: Window, times: TokenTimes) -> list[Segment]:
        pieces = self._checkpoint.vocabulary.pieces(best.tokens)
        words = build_words(pieces, times, window.audio.span)
        translated = window.task == "translate" and best.spoken.code != ENGLISH
        segments = build_segments(words, ENGLISH if translated else best.spoken.tag)
        return [
            replace(
                segment,
                spoken=best.spoken.tag if translated else None,
                language_probability=best.language_probability,
                second_language=best.second_language,
            )
            for segment in segments
        ]


def _reaches_end(segments: Sequence[Segment], window: Window) -> bool:
    """Whether what a loop left covers the window, so that no second attempt can add to it.

    A sampled attempt is a chance to hear what lies behind a loop. Where nothing lies there, it
    is only a chance to hear something else.
    """
    if not segments:
        return False
    span = window.audio.span
    return span.end_ms - segments[-1].span.end_ms <= min(_END_MS, span.duration_ms / 4)


def _work(prepared: Prepared) -> WindowDecoding:
    work = prepared.payload
    assert isinstance(work, WindowDecoding)  # noqa: S101 - the protocol returns what `prepare` made
    return work
