"""Decoding state of one window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.gpu.engines.whisperx.log_mel import Features
from app.gpu.engines.whisperx.quality_gate import DecodingAttempt
from app.gpu.engines.whisperx.whisper_decoder import DecodingPlan, EncodedWindow, token_limit
from app.gpu.engines.whisperx.whisper_languages import LikelyLanguage, SpokenLanguage
from app.gpu.protocols import Prepared, Window

_POSSIBLE = 0.1
"""Probability of a second language from which a window may contain both: windows of 10 to 30 s in
which an English and a Spanish speaker alternate have 0.14 to 0.26."""

_LEAST = 1e-9
"""A probability of 0 has no logarithm."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowDecoding:
    """State of a window between two attempts; the payload of its `Prepared`.

    Attributes:
        frames: spectrogram frames that it is padded to.
        hinted: whether its prompt contains likely words.
        choices: languages that detection chooses from; empty for all.
        likely: languages to try, the most probable first; empty until detection. The first
            attempt tries them all and leaves the one that explains the sound best.
        features: its spectrogram, until it is encoded.
        encoded: the encoder's output, once it waits for another attempt.
        attempts: made so far.
    """

    frames: int
    hinted: bool
    choices: tuple[SpokenLanguage, ...] = ()
    likely: tuple[LikelyLanguage, ...] = ()
    features: Features | None = None
    encoded: EncodedWindow | None = None
    attempts: tuple[DecodingAttempt, ...] = ()

    def ready(self, window: Window) -> Prepared:
        """Return the window prepared for its next attempt.

        CTranslate2 takes one spectrogram length, one prompt length, one temperature and one list of
        suppressed tokens a call.
        """
        attempt = len(self.attempts)
        key = (self.frames, self.hinted, attempt, window.sounds)
        return Prepared(window, key, self.frames * 10, attempt, self)

    def plan(
        self, row: int, window: Window, prompt: tuple[int, ...], spoken: SpokenLanguage
    ) -> DecodingPlan:
        """Return how to decode it in a batch, in one of its languages."""
        return DecodingPlan(row, prompt, token_limit(window.audio.span.duration_ms), spoken)

    def tried(self, attempts: Sequence[DecodingAttempt]) -> WindowDecoding:
        """Return it with one more attempt, in the language that is the most probable by now.

        That is the one with the highest probability of language and text together, given the
        sound: the detector's for the language, times the decoder's for the text in it.

        Args:
            attempts: one for each likely language, in order.
        """
        attempt, language = max(
            zip(attempts, self.likely, strict=True),
            key=lambda pair: math.log(max(pair[1].probability, _LEAST)) + pair[0].logprob,
        )
        seconds = [
            other.spoken.tag
            for other in self.likely
            if other is not language and other.probability >= _POSSIBLE
        ]
        attempt = replace(
            attempt,
            language_probability=language.probability,
            second_language=next(iter(seconds), self._second_language),
        )
        return replace(self, attempts=(*self.attempts, attempt), likely=(language,))

    @property
    def _second_language(self) -> str | None:
        return self.attempts[-1].second_language if self.attempts else None

    def looping(self) -> WindowDecoding:
        """Return it with its last attempt marked as a loop."""
        return replace(self, attempts=(*self.attempts[:-1], replace(self.attempts[-1], loop=True)))
