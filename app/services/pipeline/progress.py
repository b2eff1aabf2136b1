"""Progress of a job, computed from its events."""

from __future__ import annotations

import math

from app.domain.events import Progress, Stage
from app.domain.time import Span
from app.services.playback.ranges import Coverage

_OPENED_PERCENT = 10
_READ_PERCENT = 20
"""Source of both: the percentages of the extension's upstream backend."""
_WORKED_PERCENT = 94
_LEAST_FOR_ETA = 0.02


def format_duration(ms: int) -> str:
    """Return a media time as ``m:ss`` or ``h:mm:ss``."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def format_eta(ms: float) -> str:
    """Return a remaining time as ``45s``, ``1m 20s`` or ``2h 5m``."""
    seconds = math.ceil(ms / 1000)
    if seconds < 60:
        return f"{max(1, seconds)}s"
    if seconds < 3600:
        return f"{seconds // 60}m {seconds % 60}s"
    return f"{seconds // 3600}h {seconds % 3600 // 60}m"


class ProgressTracker:
    """Computes progress from the ranges that are done, never from a timer; it never goes back.

    Args:
        translating: whether cues are translated, so that a transcribed segment is half the work.
        done: ranges with final cues, which are extended here.
    """

    def __init__(self, *, translating: bool, done: Coverage) -> None:
        self._translating = translating
        self._duration_ms: int | None = None
        self._transcribed = Coverage(done.ranges)
        self._done = done
        self._percent = 0
        self._stage: Stage = "checking"

    def opened(self, duration_ms: int | None, *, read: bool = False) -> Progress:
        """Return the progress of an open source.

        Args:
            duration_ms: None where it is not known.
            read: whether the source is captions, so that nothing is transcribed.
        """
        self._duration_ms = duration_ms
        length = f" ({format_duration(duration_ms)})" if duration_ms else ""
        if read:
            return self._at("downloading", f"Reading the captions{length}", _READ_PERCENT, 2)
        return self._at("transcribing", f"Listening{length}", _OPENED_PERCENT, 2)

    def transcribed(self, span: Span, elapsed_ms: int) -> Progress | None:
        """Count transcribed speech; None where the progress stays the same."""
        self._transcribed.reach(span)
        return self._moved(elapsed_ms)

    def finished(self, span: Span, elapsed_ms: int) -> Progress | None:
        """Count a final cue; None where the progress stays the same."""
        self._done.reach(span)
        return self._moved(elapsed_ms)

    def transcription_ended(self) -> Progress | None:
        """Note the end of the transcription: only translation is left."""
        if not self._translating or self._stage == "translating":
            return None
        self._stage = "translating"
        return self._at("translating", "Translating the last lines", self._percent, 3)

    def diarizing(self) -> Progress:
        """Return the progress while the speakers are told apart."""
        return self._at("diarization", "Telling the speakers apart", self._percent, 2)

    def finalizing(self) -> Progress:
        """Return the progress while the result is put together."""
        return self._at("finalizing", "Putting the subtitles together", 95, 4)

    def _moved(self, elapsed_ms: int) -> Progress | None:
        fraction = self._fraction()
        percent = _OPENED_PERCENT + int(fraction * (_WORKED_PERCENT - _OPENED_PERCENT))
        if percent <= self._percent and self._duration_ms:
            return None
        eta_ms = elapsed_ms / fraction - elapsed_ms if fraction >= _LEAST_FOR_ETA else None
        eta = format_eta(eta_ms) if eta_ms else None
        step = 3 if self._stage == "translating" else 2
        return self._at(self._stage, self._message(), percent, step, eta)

    def _fraction(self) -> float:
        if not self._duration_ms:
            return 0.0
        worked_ms = float(self._done.total_ms)
        if self._translating:
            worked_ms = (worked_ms + self._transcribed.total_ms) / 2
        return min(1.0, worked_ms / self._duration_ms)

    def _message(self) -> str:
        verb, covered = "Transcribed", self._transcribed
        if self._stage == "downloading":
            verb, covered = "Read", self._done
        if self._stage == "translating":
            verb, covered = "Translated", self._done
        of = f" of {format_duration(self._duration_ms)}" if self._duration_ms else ""
        return f"{verb} {format_duration(covered.total_ms)}{of}"

    def _at(
        self, stage: Stage, message: str, percent: int, step: int, eta: str | None = None
    ) -> Progress:
        self._stage = stage
        self._percent = max(self._percent, percent)
        return Progress(stage, message, self._percent, step, 4, eta)
