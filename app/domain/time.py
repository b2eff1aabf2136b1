"""Spans of media time in integer milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_RATE_HZ = 16_000
"""The one sample rate of the pipeline. Source: Whisper, Silero VAD and pyannote all take 16 kHz."""

SAMPLES_PER_MS = SAMPLE_RATE_HZ // 1000


def samples_to_ms(samples: int) -> int:
    """Return the time of a sample index, rounded down to a millisecond."""
    return samples // SAMPLES_PER_MS


def ms_to_samples(ms: int) -> int:
    """Return the index of the first sample at or after a time."""
    return ms * SAMPLES_PER_MS


def seconds_to_ms(seconds: float) -> int:
    """Return a time given in seconds as milliseconds, rounded to the nearest."""
    return round(seconds * 1000)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch of media time, ``start_ms`` to ``end_ms``.

    Raises:
        ValueError: the span starts before zero or ends before it starts.
    """

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.start_ms < 0 or self.end_ms < self.start_ms:
            raise ValueError(f"not a span: {self.start_ms}..{self.end_ms} ms")

    @property
    def duration_ms(self) -> int:
        """Length of the span."""
        return self.end_ms - self.start_ms

    def overlap_ms(self, other: Span) -> int:
        """Return how much time two spans share; 0 where they are apart."""
        return max(0, min(self.end_ms, other.end_ms) - max(self.start_ms, other.start_ms))
