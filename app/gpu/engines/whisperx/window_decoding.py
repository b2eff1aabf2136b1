"""Decoding state of one window."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.gpu.engines.whisperx.log_mel import Features
from app.gpu.engines.whisperx.quality_gate import DecodingAttempt
from app.gpu.engines.whisperx.whisper_decoder import DecodingPlan, EncodedWindow, token_limit
from app.gpu.engines.whisperx.whisper_languages import SpokenLanguage
from app.gpu.protocols import Prepared, Window


@dataclass(frozen=True, slots=True, eq=False)
class WindowDecoding:
    """State of a window between two attempts; the payload of its `Prepared`.

    Attributes:
        frames: spectrogram frames that it is padded to.
        hinted: whether its prompt contains likely words.
        choices: languages that detection chooses from; empty for all.
        spoken: languages to try, the most probable first, attempts taking turns; empty until one
            was detected.
        features: its spectrogram, until it is encoded.
        encoded: the encoder's output, once it waits for another attempt.
        attempts: made so far.
    """

    frames: int
    hinted: bool
    choices: tuple[SpokenLanguage, ...] = ()
    spoken: tuple[SpokenLanguage, ...] = ()
    features: Features | None = None
    encoded: EncodedWindow | None = None
    attempts: tuple[DecodingAttempt, ...] = ()

    @property
    def next_spoken(self) -> SpokenLanguage:
        """Language of the next attempt."""
        return self.spoken[len(self.attempts) % len(self.spoken)]

    def ready(self, window: Window) -> Prepared:
        """Return the window prepared for its next attempt.

        CTranslate2 takes one spectrogram length, one prompt length and one temperature a call.
        """
        attempt = len(self.attempts)
        key = (self.frames, self.hinted, attempt)
        return Prepared(window, key, self.frames * 10, attempt, self)

    def plan(self, row: int, window: Window, prompt: tuple[int, ...]) -> DecodingPlan:
        """Return how to decode it in a batch."""
        return DecodingPlan(
            row, prompt, token_limit(window.audio.span.duration_ms), self.next_spoken
        )

    def tried(self, attempt: DecodingAttempt) -> WindowDecoding:
        """Return it with one more attempt."""
        return replace(self, attempts=(*self.attempts, attempt))

    def looping(self) -> WindowDecoding:
        """Return it with its last attempt marked as a loop."""
        return replace(self, attempts=(*self.attempts[:-1], replace(self.attempts[-1], loop=True)))
