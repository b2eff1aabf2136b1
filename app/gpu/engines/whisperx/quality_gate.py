"""Quality gate: accepts or rejects a decoding attempt of a window.

Source: the Whisper paper, section 4.5 (temperature fallback, no-speech rule), in the form that
faster-whisper's `generate_with_fallback` gives it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.gpu.engines.whisperx.whisper_languages import SpokenLanguage
from app.settings import WhisperSettings

_MARKS = re.compile(r"[\W_]")

GATE_REVISION = 3
"""Counts the changes of these rules; part of the cache key of the engine."""


@dataclass(frozen=True, slots=True)
class DecodingAttempt:
    """One decoding of one window.

    Attributes:
        tokens: ids of the text tokens, specials left out.
        text: what they spell.
        mean_logprob: mean log-probability of a token, the end of text included.
        no_speech_prob: 0..1, that the window contains no speech.
        spoken: the language of its prompt.
        cut: whether the token limit ended it rather than the model.
        language_probability: 0..1, of its language where it was detected.
        second_language: BCP 47 tag of another language that is possible.
        loop: whether the times of its words show repetitions that cannot have been said.
    """

    tokens: tuple[int, ...]
    text: str
    mean_logprob: float
    no_speech_prob: float
    spoken: SpokenLanguage
    cut: bool = False
    loop: bool = False
    language_probability: float = 1.0
    second_language: str | None = None

    @property
    def logprob(self) -> float:
        """Log-probability of the whole text, given the sound and the language."""
        return self.mean_logprob * (len(self.tokens) + 1)

    @property
    def compression_ratio(self) -> float:
        """Letters of the text by bytes of the text deflated; high where it repeats itself.

        Whisper's own rule counts bytes of UTF-8. Half of the bytes of Cyrillic, Greek or Arabic
        say no more than the script, so that good Russian reaches 2.7 and was decoded six times.
        A byte for each letter is the same for Latin letters, which the threshold was made for.
        """
        codes = {letter: code % 256 for code, letter in enumerate(dict.fromkeys(self.text))}
        data = bytes(codes[letter] for letter in self.text)
        return len(data) / len(zlib.compress(data))

    @property
    def words(self) -> list[str]:
        """Words of the text without case and punctuation."""
        return _MARKS.sub(" ", self.text.casefold()).split()


@dataclass(frozen=True, slots=True)
class QualityGate:
    """Rules of acceptance with their thresholds; see `WhisperSettings` for each."""

    logprob: float
    compression_ratio: float
    no_speech: float

    @classmethod
    def of(cls, settings: WhisperSettings) -> QualityGate:
        """Return the gate with the thresholds of the settings."""
        return cls(
            settings.logprob_threshold,
            settings.compression_ratio_threshold,
            settings.no_speech_threshold,
        )

    def passes(self, attempts: Sequence[DecodingAttempt]) -> bool:
        """Whether no attempt is needed after these: the last one is good, or silence.

        A text that repeats itself is good once it was written twice. Speakers repeat themselves,
        and then every temperature writes the same; whether they can have said it in the time is
        for the filter of loops to see.

        Args:
            attempts: of one window, in the order they were made, at least one.
        """
        last = attempts[-1]
        if self.is_silence(last):
            return True
        if last.mean_logprob < self.logprob or last.cut or last.loop:
            return False
        return not self._repeats(last) or _agreed(attempts) is not None

    def is_silence(self, attempt: DecodingAttempt) -> bool:
        """Whether there is no speech, by the model's own probability and an unlikely text."""
        return attempt.no_speech_prob > self.no_speech and attempt.mean_logprob < self.logprob

    def choose(self, attempts: Sequence[DecodingAttempt]) -> DecodingAttempt:
        """Return the best attempt.

        Args:
            attempts: of one window, in the order they were made, at least one.

        Returns:
            The last one if it passes, or the first with its words where they repeat themselves,
            which was sampled less; else the most probable of those that do not loop, or of all if
            all do.
        """
        if self.passes(attempts):
            same = _agreed(attempts) if self._repeats(attempts[-1]) else None
            return same or attempts[-1]
        straight = [attempt for attempt in attempts if not self._loops(attempt)]
        return max(straight or attempts, key=lambda attempt: attempt.mean_logprob)

    def _loops(self, attempt: DecodingAttempt) -> bool:
        return attempt.cut or attempt.loop or self._repeats(attempt)

    def _repeats(self, attempt: DecodingAttempt) -> bool:
        return attempt.compression_ratio > self.compression_ratio


def _agreed(attempts: Sequence[DecodingAttempt]) -> DecodingAttempt | None:
    """Return the first attempt with the words of the last one; None where no other has them."""
    words = attempts[-1].words
    earlier = (each for each in attempts[:-1] if not each.loop and not each.cut)
    return next((each for each in earlier if each.words == words), None)
