"""Where a job stands, told from what has happened in it and never from a timer."""

from __future__ import annotations

import math

from app.domain.events import Progress, Stage

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
    """Turns positions in the media into progress that never goes back.

    Args:
        translating: whether cues are translated, so that a heard segment is half the work.
        start_ms: where the work begins; what lies before comes last.
    """

    def __init__(self, *, translating: bool, start_ms: int = 0) -> None:
        self._translating = translating
        self._start_ms = start_ms
        self._duration_ms: int | None = None
        self._heard_ms = 0
        self._done_ms = 0
        self._percent = 0
        self._stage: Stage = "checking"

    def opened(self, duration_ms: int | None, *, read: bool = False) -> Progress:
        """The source is open.

        Args:
            duration_ms: None when nobody knows it.
            read: whether there are captions, so that nothing has to be heard.
        """
        self._duration_ms = duration_ms
        length = f" ({format_duration(duration_ms)})" if duration_ms else ""
        if read:
            return self._at("downloading", f"Reading the captions{length}", _READ_PERCENT, 2)
        return self._at("transcribing", f"Listening{length}", _OPENED_PERCENT, 2)

    def heard(self, end_ms: int, elapsed_ms: int) -> Progress | None:
        """Speech up to this time is text; None if that changes nothing to see."""
        self._heard_ms = max(self._heard_ms, self._covered_ms(end_ms))
        return self._moved(elapsed_ms)

    def finished(self, end_ms: int, elapsed_ms: int) -> Progress | None:
        """Cues up to this time are final; None if that changes nothing to see."""
        self._done_ms = max(self._done_ms, self._covered_ms(end_ms))
        return self._moved(elapsed_ms)

    def all_heard(self) -> Progress | None:
        """Everything is text; from now on only translation is left."""
        if not self._translating or self._stage == "translating":
            return None
        self._stage = "translating"
        return self._at("translating", "Translating the last lines", self._percent, 3)

    def telling_apart(self) -> Progress:
        """The recording was heard; its speakers are told apart."""
        return self._at("diarization", "Telling the speakers apart", self._percent, 2)

    def finalizing(self) -> Progress:
        """All cues are there."""
        return self._at("finalizing", "Putting the subtitles together", 95, 4)

    def complete(self, cues: int) -> Progress:
        """The result follows."""
        return self._at("complete", f"{cues} subtitles are ready", 100, 4)

    def _covered_ms(self, end_ms: int) -> int:
        """Return how much of the recording is behind when the work stands at a time in it."""
        if end_ms > self._start_ms:
            return end_ms - self._start_ms
        return max(0, (self._duration_ms or 0) - self._start_ms) + end_ms

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
        worked = (self._heard_ms + self._done_ms) / 2 if self._translating else self._done_ms
        return min(1.0, worked / self._duration_ms)

    def _message(self) -> str:
        verb, position = "Transcribed", self._heard_ms
        if self._stage == "downloading":
            verb, position = "Read", self._done_ms
        if self._stage == "translating":
            verb, position = "Translated", self._done_ms
        of = f" of {format_duration(self._duration_ms)}" if self._duration_ms else ""
        return f"{verb} {format_duration(position)}{of}"

    def _at(
        self, stage: Stage, message: str, percent: int, step: int, eta: str | None = None
    ) -> Progress:
        self._stage = stage
        self._percent = max(self._percent, percent)
        return Progress(stage, message, self._percent, step, 4, eta)
