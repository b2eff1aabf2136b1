"""Progress of a job, computed from its events."""

from __future__ import annotations

import math

from app.domain.events import Progress, Stage
from app.domain.time import Span
from app.services.pipeline.cue_forecast import CueForecast
from app.services.pipeline.media_work import MediaWork
from app.services.playback.ranges import Coverage

_OPENED_PERCENT = 10
_READ_PERCENT = 20
"""Source of both: the percentages of the extension's upstream backend."""
_WORKED_PERCENT = 94

_REPEAT_MS = 3_000
"""After this time a new position is reported though the percentage is the same."""

_NOTED_RISE = 1.25
"""A remaining time that rises by less is not reported as risen: batches vary."""

_LASTING_RISE_MS = 2_000
"""And only one that lasts: it rises for a moment while the lines of one batch come in."""

_NOTED_FALL = 0.85
"""One that falls to less is reported though the percentage is the same."""


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
    """Computes progress from the media time that is done, never from a timer; it never goes back.

    The percentage is the mean share of everything that a job does with its media: transcription,
    translation, diarization. The remaining time is that of the work that takes longest; diarization
    gives way to the others on the device.

    Args:
        translating: whether cues are translated, so that a transcribed segment is half the work.
        done: ranges with final cues, which are extended here.
        diarizing: whether the recording is diarized, too.
    """

    def __init__(self, *, translating: bool, done: Coverage, diarizing: bool = False) -> None:
        self._translating = translating
        self._transcribed = Coverage(done.ranges)
        self._drafted = Coverage(done.ranges)
        self._done = done
        self._transcription, self._cues, self._diarization = MediaWork(), MediaWork(), MediaWork()
        self._works = [self._cues]
        self._works += [self._transcription] if translating else []
        self._works += [self._diarization] if diarizing else []
        self._forecast = CueForecast()
        self._percent = 0
        self._stage: Stage = "checking"
        self._told_ms = 0
        self._eta_ms: float | None = None
        self._risen_ms: int | None = None

    def opened(self, duration_ms: int | None) -> Progress:
        """Return the progress of an open recording.

        Args:
            duration_ms: None where it is not known.
        """
        if duration_ms:
            self._is_long(duration_ms, exact=False)
        return self._at("transcribing", f"Listening{self._length()}", _OPENED_PERCENT, 2)

    def read(self, end_ms: int) -> Progress:
        """Return the progress of captions, where nothing is transcribed.

        Args:
            end_ms: of the last one.
        """
        self._works = [self._cues]
        self._is_long(end_ms, exact=True)
        return self._at("downloading", f"Reading the captions{self._length()}", _READ_PERCENT, 2)

    def known(self, end_ms: int) -> Progress:
        """Return the progress of a transcript of an earlier job.

        Args:
            end_ms: of its last segment.
        """
        self._works = [self._cues]
        self._is_long(end_ms, exact=True)
        return self._at("transcribing", f"Listening{self._length()}", _OPENED_PERCENT, 2)

    def expect_cues(self, count: int) -> None:
        """Note that the number of all cues is known."""
        self._forecast.know(count)

    def decoded(self, end_ms: int) -> None:
        """Note how far the recording is decoded: it is no shorter than that."""
        known_ms = self._transcription.total_ms
        if known_ms is not None and end_ms > known_ms:
            self._is_long(end_ms, exact=False)

    def decoding_ended(self, end_ms: int) -> None:
        """Note the length of the recording, whatever its container says."""
        self._is_long(end_ms, exact=True)

    def transcribed(self, span: Span, elapsed_ms: int) -> Progress | None:
        """Count transcribed speech; None where the progress stays the same."""
        self._transcribed.reach(span)
        self._transcription.reached(self._transcribed.total_ms, elapsed_ms)
        return self._moved(elapsed_ms)

    def transcription_ended(self) -> Progress | None:
        """Note the end of the transcription: only translation and speakers are left."""
        speech_ms = self._transcribed.total_ms
        self._transcription.ends_at(speech_ms)
        if speech_ms:  # after the last speech there is no cue
            self._cues.ends_at(speech_ms)
        if not self._translating or self._stage == "translating":
            return None
        return self._at("translating", "Translating the last lines", self._percent, 3)

    def cues_expected(self, span: Span) -> int | None:
        """Count a cue that is shown now; return how many there will be, None where unknown."""
        self._done.reach(span)
        return self._forecast.after_next(self._done.total_ms, self._cues.total_ms)

    def finished(self, span: Span, elapsed_ms: int) -> Progress | None:
        """Count a cue that is shown; None where the progress stays the same."""
        self._done.reach(span)
        return self.drafted(span, elapsed_ms)

    def drafted(self, span: Span, elapsed_ms: int) -> Progress | None:
        """Count a cue that waits for its speaker alone; None where the progress stays the same."""
        self._drafted.reach(span)
        self._cues.reached(self._drafted.total_ms, elapsed_ms)
        if self._stage == "downloading" and self._translating:
            self._stage = "translating"
        return self._moved(elapsed_ms)

    def diarized(self, end_ms: int, busy_ms: float, elapsed_ms: int) -> Progress | None:
        """Count sound whose speakers were looked for; None where the progress stays the same.

        Args:
            end_ms: of that sound.
            busy_ms: time that the device worked for it, without waits for other work.
            elapsed_ms: time since the job's begin.
        """
        self._diarization.busy_ms = busy_ms
        self._diarization.reached(end_ms, elapsed_ms)
        return self._moved(elapsed_ms)

    def diarizing(self) -> Progress:
        """Return the progress while only the diarization still runs."""
        self._cues.ends_at(self._cues.done_ms)
        return self._at("diarization", "Telling the speakers apart", self._percent, 2)

    def finalizing(self) -> Progress:
        """Return the progress while the result is put together."""
        return self._at("finalizing", "Putting the subtitles together", 95, 4)

    def _is_long(self, total_ms: int, *, exact: bool) -> None:
        for work in (self._transcription, self._cues, self._diarization):
            work.is_long(total_ms, exact=exact)

    def _moved(self, elapsed_ms: int) -> Progress | None:
        share = sum(work.share for work in self._works) / len(self._works)
        percent = _OPENED_PERCENT + int(share * (_WORKED_PERCENT - _OPENED_PERCENT))
        eta_ms = self._remaining_ms(elapsed_ms)
        is_nearer = (eta_ms or 0) < (self._eta_ms or 0) * _NOTED_FALL
        repeats = elapsed_ms - self._told_ms < _REPEAT_MS
        if percent <= self._percent and repeats and not is_nearer:
            return None
        self._told_ms, self._eta_ms = elapsed_ms, eta_ms
        step = 3 if self._stage == "translating" else 2
        return self._at(self._stage, self._message(), percent, step, eta_ms)

    def _remaining_ms(self, elapsed_ms: int) -> float | None:
        """Return the remaining time, which rises only where it rises clearly."""
        eta_ms = self._estimated_ms(elapsed_ms)
        if not eta_ms or self._eta_ms is None or eta_ms <= self._eta_ms:
            self._risen_ms = None
            return eta_ms or None
        if self._risen_ms is None:
            self._risen_ms = elapsed_ms
        lasts = elapsed_ms - self._risen_ms >= _LASTING_RISE_MS
        return eta_ms if lasts and eta_ms > self._eta_ms * _NOTED_RISE else self._eta_ms

    def _estimated_ms(self, elapsed_ms: int) -> float | None:
        """Return the remaining time by the present paces; None where one is not known."""
        eta_ms = 0.0
        for work in self._works:
            left_ms = (
                work.remaining_beside_ms(eta_ms)
                if work is self._diarization
                else work.remaining_ms(elapsed_ms)
            )
            if left_ms is None:
                return None
            eta_ms = max(eta_ms, left_ms)
        return eta_ms

    def _message(self) -> str:
        verb, work = "Transcribed", self._transcription
        if self._stage == "diarization":
            verb, work = "Listened for speakers in", self._diarization
        if self._stage in ("downloading", "translating"):
            verb, work = "Translated" if self._stage == "translating" else "Read", self._cues
        of = f" of {format_duration(work.total_ms)}" if work.total_ms else ""
        return f"{verb} {format_duration(work.done_ms)}{of}"

    def _length(self) -> str:
        total_ms = self._cues.total_ms
        return f" ({format_duration(total_ms)})" if total_ms else ""

    def _at(
        self, stage: Stage, message: str, percent: int, step: int, eta_ms: float | None = None
    ) -> Progress:
        self._stage = stage
        self._percent = max(self._percent, percent)
        told_ms = None if eta_ms is None else round(eta_ms)
        return Progress(stage, message, self._percent, step, 4, told_ms)
