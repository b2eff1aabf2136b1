"""Inference with a Whisper checkpoint: encoder, language detection, decoder, token times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import EngineError
from app.domain.request import Task
from app.gpu.engines.whisperx.log_mel import Features
from app.gpu.engines.whisperx.quality_gate import DecodingAttempt
from app.gpu.engines.whisperx.whisper_languages import SpokenLanguage
from app.gpu.engines.whisperx.whisper_vocabulary import WhisperVocabulary
from app.gpu.preemption import preemption_point

MOST_TOKENS = 224
"""Text tokens in one window at most. Source: openai/whisper decoding.py, n_text_ctx // 2."""

_TOKENS_PER_S = 12
_TOKENS_EXTRA = 16
"""Most tokens of a window by its length, so that one that loops does not delay the others.
Fast English speech takes about 6 tokens a second; Whisper's own limit is 7.5 over 30 s."""

_FRAME_MS = 20
"""Time between two encoder positions. Source: the Whisper paper, section 2.2 (stride 2)."""

_LEAST_FRAMES = 16
"""Spectrogram frames that an alignment needs: its median filter is 7 encoder positions wide."""


@dataclass(frozen=True, slots=True)
class TokenTimes:
    """Start times and probabilities of tokens.

    Attributes:
        starts_ms: from the window's start, ascending; one more than there are tokens, the last
            being where the last token ends.
        probabilities: one for each token, 0..1.
    """

    starts_ms: tuple[int, ...]
    probabilities: tuple[float, ...]


EncodedWindow = NDArray[np.float32]
"""Encoder output of one window, in the host's memory, shape ``(positions, width)``."""


class EncodedBatch:
    """Encoder output of a batch, on the device that it ran on."""

    def __init__(self, output: Any) -> None:
        self.output = output
        self._host: NDArray[np.float32] | None = None

    @classmethod
    def of_rows(cls, rows: Sequence[EncodedWindow]) -> EncodedBatch:
        """Stack windows that were encoded earlier."""
        import ctranslate2

        host = np.stack(rows)
        encoded = cls(ctranslate2.StorageView.from_array(host))
        encoded._host = host
        return encoded

    def rows(self, chosen: Sequence[int]) -> Any:
        """Return the output of some windows, in that order; all of them cost no copy."""
        if list(chosen) == list(range(int(self.output.shape[0]))):
            return self.output
        import ctranslate2

        return ctranslate2.StorageView.from_array(self._on_host()[list(chosen)])

    def row(self, place: int) -> EncodedWindow:
        """Return a copy of one window's output."""
        return np.array(self._on_host()[place])

    def _on_host(self) -> NDArray[np.float32]:
        if self._host is None:
            import ctranslate2

            on_cpu = self.output.to_device(ctranslate2.Device.cpu)
            self._host = np.array(on_cpu.to(ctranslate2.DataType.float32))
        return self._host


@dataclass(frozen=True, slots=True)
class DecodingPlan:
    """How to decode one window.

    Attributes:
        row: its place in the encoded batch.
        prompt: tokens that its decoding begins with.
        limit: text tokens at most.
        spoken: the language of the prompt.
    """

    row: int
    prompt: tuple[int, ...]
    limit: int
    spoken: SpokenLanguage


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Decoded text of one window.

    Attributes:
        row: the window's place in the encoded batch.
        tokens: text tokens.
        frames: spectrogram frames of the window that contain audio.
    """

    row: int
    tokens: tuple[int, ...]
    frames: int


_NO_SPEECH = [-1]
"""Tokens that are never written: brackets, music signs and other marks of what is no speech, as the
checkpoint lists them. Source: CTranslate2, ``Whisper.generate``; openai/whisper tokenizer.py,
``non_speech_tokens``."""


def token_limit(duration_ms: int) -> int:
    """Return how many text tokens a window of that length may have."""
    return min(MOST_TOKENS, _TOKENS_EXTRA + _TOKENS_PER_S * duration_ms // 1000)


class WhisperDecoder:
    """Wraps a `ctranslate2.models.Whisper`; any number of threads may call it."""

    def __init__(self, model: Any, vocabulary: WhisperVocabulary, beam_size: int) -> None:
        self._model = model
        self._vocabulary = vocabulary
        self._beam_size = beam_size

    def encode(self, spectrograms: Sequence[Features]) -> EncodedBatch:
        """Run the encoder over a batch of equally long spectrograms.

        A CPU encodes them one by one. 1500 positions keep all its cores busy, and the activations
        of several windows leave its caches: with `base` in int8 on two cores eight windows take
        4.6 s one by one, 5.4 s in pairs, 5.9 s by four and 6.3 s together.
        """
        if self._model.device != "cpu" or len(spectrograms) == 1:
            return self._encoded(np.stack(spectrograms))
        rows: list[EncodedWindow] = []
        for spectrogram in spectrograms:
            if rows:
                preemption_point()
            rows.append(self._encoded(spectrogram[np.newaxis]).row(0))
        return EncodedBatch.of_rows(rows)

    def _encoded(self, batch: Features) -> EncodedBatch:
        import ctranslate2

        return EncodedBatch(self._model.encode(ctranslate2.StorageView.from_array(batch)))

    def detect_languages(self, encoded: EncodedBatch) -> list[list[tuple[str, float]]]:
        """Return the language codes of each window with their probabilities, best first.

        Raises:
            EngineError: the checkpoint has no language tokens.
        """
        ranked = self._model.detect_language(encoded.output)
        if not all(ranked):
            raise EngineError("The model cannot tell languages apart; set WHISPER_LANGUAGE")
        return [[(str(token)[2:-2], float(share)) for token, share in best] for best in ranked]

    def attempt(
        self,
        encoded: EncodedBatch,
        plans: Sequence[DecodingPlan],
        temperature: float,
        *,
        sounds: bool = False,
    ) -> list[DecodingAttempt]:
        """Decode windows once, whatever their languages.

        Args:
            encoded: the batch that the plans point into.
            plans: at least one; their prompts are equally long.
            temperature: 0 searches with beams; above it as many candidates are sampled.
            sounds: whether the model may write what is no speech.

        Returns:
            One attempt for each plan, in order.
        """
        results = self._generate(encoded, plans, temperature, sounds=sounds)
        return [self._read(result, plan) for plan, result in zip(plans, results, strict=True)]

    def align(
        self,
        encoded: EncodedBatch,
        code: str,
        texts: Sequence[DecodedText],
        task: Task = "transcribe",
    ) -> list[TokenTimes]:
        """Return the times of tokens, by the decoder's cross-attention.

        Args:
            encoded: the batch.
            code: the spoken language.
            texts: of windows of the batch, none empty.
            task: that the texts were decoded with.

        Source: openai/whisper timing.py: dynamic time warping over the attention of the heads
        that follow time; CTranslate2's `align` computes it.
        """
        results = self._model.align(
            encoded.rows([text.row for text in texts]),
            self._vocabulary.start(code, task),
            [list(text.tokens) for text in texts],
            [max(_LEAST_FRAMES, text.frames) for text in texts],
        )
        return [_token_times(result) for result in results]

    def _generate(
        self,
        encoded: EncodedBatch,
        plans: Sequence[DecodingPlan],
        temperature: float,
        *,
        sounds: bool,
    ) -> Any:
        search: dict[str, float] = {"beam_size": self._beam_size}
        if temperature > 0:
            search = {
                "beam_size": 1,
                "num_hypotheses": self._beam_size,
                "sampling_topk": 0,
                "sampling_temperature": temperature,
            }
        limit = max(plan.limit for plan in plans)
        return self._model.generate(
            encoded.rows([plan.row for plan in plans]),
            [list(plan.prompt) for plan in plans],
            max_length=_max_length(limit, len(plans[0].prompt)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_tokens=[] if sounds else _NO_SPEECH,
            **search,
        )

    def _read(self, result: Any, plan: DecodingPlan) -> DecodingAttempt:
        ids = result.sequences_ids[0]
        tokens = self._vocabulary.text_tokens(ids[: plan.limit])
        return DecodingAttempt(
            tokens=tokens,
            text=self._vocabulary.text(tokens),
            mean_logprob=result.scores[0] * len(ids) / (len(ids) + 1),
            no_speech_prob=result.no_speech_prob,
            spoken=plan.spoken,
            cut=len(ids) >= plan.limit,
        )


def _max_length(limit: int, prompt_length: int) -> int:
    """Return the `max_length` that makes CTranslate2 stop after ``limit`` tokens.

    Source: CTranslate2 src/models/whisper.cc: it decodes ``min(max_length / 2, max_length -
    prompt_length + 1)`` tokens.
    """
    return max(2 * limit, limit + prompt_length - 1)


def _token_times(result: Any) -> TokenTimes:
    path = np.asarray(result.alignments, np.int64).reshape(-1, 2)
    entered = np.diff(path[:, 0], prepend=-1) > 0
    starts = path[entered, 1] * _FRAME_MS
    return TokenTimes(
        tuple(int(start) for start in starts),
        tuple(float(probability) for probability in result.text_token_probs),
    )
