"""One attempt at a batch: encoded, decoded, judged, and timed where it is good enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.domain.transcript import Segment
from app.gpu.engines.whisperx.checkpoint import WhisperCheckpoint
from app.gpu.engines.whisperx.decoder import Encoded, Plan, Text, TokenTimes
from app.gpu.engines.whisperx.features import frames
from app.gpu.engines.whisperx.gate import Attempt, QualityGate
from app.gpu.engines.whisperx.words import build_words
from app.gpu.engines.whisperx.work import WindowDecoding
from app.gpu.protocols import Prepared, Window
from app.gpu.repetition_filter import cut_loops
from app.gpu.sentence_segments import build_segments


class DecodingPass:
    """Runs a checkpoint over batches.

    Args:
        checkpoint: the model.
        gate: what is good enough.
        temperatures: one for each attempt.
    """

    def __init__(
        self, checkpoint: WhisperCheckpoint, gate: QualityGate, temperatures: Sequence[float]
    ) -> None:
        self._checkpoint = checkpoint
        self._gate = gate
        self._temperatures = temperatures

    def listen(self, batch: Sequence[Prepared]) -> list[list[Segment] | Prepared]:
        """Make one attempt at each window.

        Args:
            batch: windows with equal keys, at least one.

        Returns:
            For each its segments, or itself made ready for the next temperature.
        """
        windows = [prepared.window for prepared in batch]
        works = [_work(prepared) for prepared in batch]
        encoded = self._encoded(works)
        works = self._with_languages(works, encoded)
        plans = [
            self._plan(row, *pair) for row, pair in enumerate(zip(works, windows, strict=True))
        ]
        temperature = self._temperatures[batch[0].attempt]
        made = self._checkpoint.decoder.attempt(encoded, plans, temperature)
        works = [work.tried(attempt) for work, attempt in zip(works, made, strict=True)]
        heard = self._timed(self._chosen(works), windows, encoded)
        return [
            self._outcome(work, window, heard.get(row), encoded, row)
            for row, (work, window) in enumerate(zip(works, windows, strict=True))
        ]

    def check(self, prepared: Prepared) -> None:
        """Run what a first attempt may not have needed: detection and alignment.

        Raises:
            EngineError: the checkpoint cannot do it.
        """
        work = _work(prepared)
        encoded = self._encoded([work])
        [work] = self._with_languages([work], encoded)
        tokens = (self._checkpoint.vocabulary.blank,)
        text = Text(0, tokens, frames(len(prepared.window.audio.samples)))
        self._checkpoint.decoder.align(encoded, work.next_spoken.code, [text])

    def _encoded(self, works: Sequence[WindowDecoding]) -> Encoded:
        """Encode a batch, or put what an earlier attempt has encoded together."""
        rows = [work.encoded for work in works if work.encoded is not None]
        if rows:
            return Encoded.of_rows(rows)
        mels = [work.features for work in works if work.features is not None]
        return self._checkpoint.decoder.encode(mels)

    def _with_languages(
        self, works: Sequence[WindowDecoding], encoded: Encoded
    ) -> list[WindowDecoding]:
        if all(work.spoken for work in works):
            return list(works)
        detected = self._checkpoint.decoder.detect_languages(encoded)
        likely = self._checkpoint.languages.likely
        return [
            work if work.spoken else replace(work, spoken=likely(shares, work.choices))
            for work, shares in zip(works, detected, strict=True)
        ]

    def _plan(self, row: int, work: WindowDecoding, window: Window) -> Plan:
        prompt = self._checkpoint.vocabulary.prompt(work.next_spoken.code, window.prompt)
        return work.plan(row, window, tuple(prompt))

    def _chosen(self, works: Sequence[WindowDecoding]) -> dict[int, Attempt]:
        """Return the attempt to keep of each window that needs no further one."""
        return {
            row: self._gate.choose(work.attempts)
            for row, work in enumerate(works)
            if self._is_last(work) or self._gate.passes(work.attempts[-1])
        }

    def _is_last(self, work: WindowDecoding) -> bool:
        return len(work.attempts) == len(self._temperatures)

    def _outcome(
        self,
        work: WindowDecoding,
        window: Window,
        heard: list[Segment] | None,
        encoded: Encoded,
        row: int,
    ) -> list[Segment] | Prepared:
        if window.cancelled.is_set():
            return []
        if heard is not None:
            straight = cut_loops(heard, window.audio)
            if straight == heard or self._is_last(work):
                return straight
            work = work.looping()
        kept = encoded.row(row) if work.encoded is None else work.encoded
        return replace(work, features=None, encoded=kept).ready(window)

    def _timed(
        self, chosen: Mapping[int, Attempt], windows: Sequence[Window], encoded: Encoded
    ) -> dict[int, list[Segment]]:
        """Find the word times, language by language, since one alignment has one language."""
        results: dict[int, list[Segment]] = {row: [] for row in chosen}
        texts = {
            row: kept
            for row, kept in chosen.items()
            if kept.text and not self._gate.is_silence(kept) and not windows[row].cancelled.is_set()
        }
        for code in sorted({kept.spoken.code for kept in texts.values()}):
            group = [
                Text(row, kept.tokens, frames(len(windows[row].audio.samples)))
                for row, kept in texts.items()
                if kept.spoken.code == code
            ]
            times = self._checkpoint.decoder.align(encoded, code, group)
            for text, token_times in zip(group, times, strict=True):
                results[text.row] = self._segments(texts[text.row], windows[text.row], token_times)
        return results

    def _segments(self, kept: Attempt, window: Window, times: TokenTimes) -> list[Segment]:
        pieces = self._checkpoint.vocabulary.pieces(kept.tokens)
        words = build_words(pieces, times, window.audio.span)
        return build_segments(words, kept.spoken.tag)


def _work(prepared: Prepared) -> WindowDecoding:
    work = prepared.payload
    assert isinstance(work, WindowDecoding)  # noqa: S101 - the protocol hands back what `prepare` gave
    return work
