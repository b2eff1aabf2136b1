"""Where somebody speaks in a file: parameters and answer of the route that asks for nothing else.

Source: the route `/v1/audio/speech/timestamps` of speaches, whose clients send it unmodified.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.time import Span
from app.settings import VadSettings
from app.submission.openai_request import Fields, number_field

_NUMBERS = {
    "threshold": (0.75, 0.0, 1.0),
    "min_silence_duration_ms": (1000, 0, 60_000),
    "min_speech_duration_ms": (0, 0, 60_000),
    "max_speech_duration_s": (86_400, 0.1, 86_400),
    "speech_pad_ms": (0, 0, 60_000),
}
"""What is taken where a parameter is missing, and its limits. Source: speaches' route."""

TIMESTAMP_FIELDS = tuple(_NUMBERS)

_LEAST_THRESHOLD, _MOST_THRESHOLD = 0.01, 0.99
_FRAME_MS = 32


@dataclass(frozen=True, slots=True)
class TimestampOptions:
    """Checked parameters of one request.

    Attributes:
        threshold: probability from which a frame is speech.
        min_silence_ms: a shorter pause ends no stretch.
        min_speech_ms: a shorter stretch is left out.
        max_speech_ms: a longer stretch is divided.
        pad_ms: added on both sides of a stretch.
    """

    threshold: float
    min_silence_ms: int
    min_speech_ms: int
    max_speech_ms: int
    pad_ms: int

    def vad_settings(self, usual: VadSettings) -> VadSettings:
        """Return the server's settings with those of the request in their place."""
        threshold = min(max(self.threshold, _LEAST_THRESHOLD), _MOST_THRESHOLD)
        shortest_ms = max(_FRAME_MS, self.min_silence_ms)
        return usual.model_copy(update={"threshold": threshold, "min_silence_ms": shortest_ms})

    def stretches(self, spans: Sequence[Span], length_ms: int) -> list[Span]:
        """Return the stretches of speech of the answer.

        Args:
            spans: detected ones, in order.
            length_ms: of the recording.
        """
        long_enough = (
            span for span in self._joined(spans) if span.duration_ms >= self.min_speech_ms
        )
        padded: list[Span] = []
        for span in (part for whole in long_enough for part in self._divided(whole)):
            start_ms = max(span.start_ms - self.pad_ms, padded[-1].end_ms if padded else 0)
            padded.append(Span(start_ms, min(span.end_ms + self.pad_ms, length_ms)))
        return padded

    def _joined(self, spans: Sequence[Span]) -> list[Span]:
        """Join what a short pause, or the end of a window, has divided."""
        joined: list[Span] = []
        for span in spans:
            if joined and span.start_ms - joined[-1].end_ms <= self.min_silence_ms:
                joined[-1] = Span(joined[-1].start_ms, span.end_ms)
            else:
                joined.append(span)
        return joined

    def _divided(self, span: Span) -> Iterator[Span]:
        """Yield parts of equal length, none of which is too long."""
        parts = -(-span.duration_ms // self.max_speech_ms)
        for number in range(parts):
            first = span.start_ms + span.duration_ms * number // parts
            yield Span(first, span.start_ms + span.duration_ms * (number + 1) // parts)


def timestamp_options(fields: Fields) -> TimestampOptions:
    """Check the parameters of a request.

    Args:
        fields: texts by name; those that are not empty.

    Raises:
        NamedFieldError: a parameter is wrong.
    """
    given = {name: number_field(fields, name, *limits) for name, limits in _NUMBERS.items()}
    return TimestampOptions(
        threshold=given["threshold"],
        min_silence_ms=round(given["min_silence_duration_ms"]),
        min_speech_ms=round(given["min_speech_duration_ms"]),
        max_speech_ms=round(given["max_speech_duration_s"] * 1000),
        pad_ms=round(given["speech_pad_ms"]),
    )
