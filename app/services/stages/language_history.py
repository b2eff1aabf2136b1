"""The languages of a recording so far, against which a doubtful detection is checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from app.domain.transcript import Segment

_LEAST_MS = 10_000
"""Speech from which a recording has a language: about one window."""

_SHARE = 0.8
"""Share of the speech that is in the language of a recording. A recording of two speakers with a
language each has none."""

_AS_GOOD = 0.9
"""Confidence of the words in the language of the recording, relative to those in the detected one,
from which they are taken: a text in the wrong language is less likely by more than that."""


class LanguageHistory:
    """Adds up the speech of a recording by language, window by window in order."""

    def __init__(self) -> None:
        self._ms: Counter[str] = Counter()

    @property
    def language(self) -> str | None:
        """BCP 47 tag of the language that nearly all speech was in; None before that is known."""
        total_ms = self._ms.total()
        if total_ms < _LEAST_MS:
            return None
        tag, ms = self._ms.most_common(1)[0]
        return tag if ms >= _SHARE * total_ms else None

    def add(self, segments: Sequence[Segment]) -> None:
        """Count the speech of a window."""
        for segment in segments:
            self._ms[segment.spoken_language] += segment.span.duration_ms

    def instead_of(self, segments: Sequence[Segment]) -> str | None:
        """Return the language to try for a window; None where its own is in no doubt.

        Args:
            segments: of the window. One in which several languages were found stays as it is.
        """
        spoken = {segment.spoken_language for segment in segments}
        if len(spoken) != 1 or any(each.is_language_sure for each in segments):
            return None
        return None if self.language in spoken else self.language


def better(detected: Sequence[Segment], expected: Sequence[Segment]) -> Sequence[Segment]:
    """Return the segments of a window in the detected or in the expected language.

    Args:
        detected: at least one segment, in a language that is in doubt.
        expected: the same window, transcribed in the language of the recording.
    """
    if expected and _confidence(expected) >= _AS_GOOD * _confidence(detected):
        return expected
    return detected


def _confidence(segments: Sequence[Segment]) -> float:
    return fmean(segment.confidence for segment in segments)
