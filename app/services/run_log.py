"""What passes through one run of the line, told as events and summed up at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.errors import NoSpeechError
from app.domain.events import CuesReady, Event, Result, SegmentHeard, Usage
from app.domain.language import Language, known_language
from app.domain.request import JobRequest
from app.domain.transcript import Segment
from app.services.clock import StageClock
from app.services.progress import ProgressTracker
from app.services.sources.opened import Opened, OpenedCaptions
from app.services.sources.rewind import LEAST_POSITION_MS
from app.services.store.transcripts import Transcript

Emit = Callable[[Event], None]


class RunLog:
    """One run of the line.

    Attributes:
        clock: adds up what each stage took.
    """

    def __init__(self, request: JobRequest, opened: Opened, emit: Emit) -> None:
        self.clock = StageClock()
        self._progress = ProgressTracker(
            translating=request.target is not None,
            start_ms=request.position_ms if request.position_ms >= LEAST_POSITION_MS else 0,
        )
        self._target = request.target
        self._opened = opened
        self._emit = emit
        self._audio_ms = 0
        self._language = request.spoken.tag if request.spoken else "und"
        self._segments: list[Segment] = []
        if isinstance(opened, OpenedCaptions):
            self._language = opened.captions.language
        read = isinstance(opened, OpenedCaptions)
        emit(self._progress.opened(opened.duration_ms, read=read))

    def decoded(self, audio: Audio) -> None:
        """Audio was decoded."""
        self._audio_ms = audio.span.end_ms

    def heard(self, segment: Segment) -> None:
        """A stretch of speech is text."""
        self._language = segment.language
        self._segments.append(segment)
        self._emit(SegmentHeard(segment))
        self._tell(self._progress.heard(segment.span.end_ms, self.clock.elapsed_ms))

    def all_heard(self) -> None:
        """Nothing more will be heard."""
        self._tell(self._progress.all_heard())

    def drafted(self, cue: Cue) -> None:
        """A cue waits for its translation."""
        self._emit(CuesReady((cue,), final=False))

    def finished(self, cue: Cue) -> None:
        """A cue is final."""
        self._emit(CuesReady((cue,), final=True))
        self._tell(self._progress.finished(cue.span.end_ms, self.clock.elapsed_ms))

    def transcript(self) -> Transcript:
        """Return all that was heard, in order of start."""
        ordered = sorted(self._segments, key=lambda segment: segment.span.start_ms)
        return Transcript(tuple(ordered), self._audio_ms, self._language)

    def result(self, cues: list[Cue], cached: Mapping[str, float], usage: Usage | None) -> Result:
        """Sum up.

        Raises:
            NoSpeechError: there is nothing to show.
        """
        if not cues:
            raise NoSpeechError("No speech was found")
        self._emit(self._progress.finalizing())
        opened = self._opened
        origin = opened.origin if isinstance(opened, OpenedCaptions) else "whisper"
        ordered = sorted(cues, key=lambda cue: cue.span.start_ms)
        return Result(
            cues=tuple(ordered),
            translated=any(_is_translated(cue, self._target) for cue in cues),
            language=self._language,
            audio_ms=self._audio_ms or opened.duration_ms or ordered[-1].span.end_ms,
            elapsed_ms=self.clock.elapsed_ms,
            stage_ms=self.clock.stage_ms,
            origin=origin,
            cached=cached,
            usage=usage,
            title=opened.info.title,
        )

    def _tell(self, progress: Event | None) -> None:
        if progress is not None:
            self._emit(progress)


def _is_translated(cue: Cue, target: Language | None) -> bool:
    if target is None or cue.translation is None:
        return False
    spoken = known_language(cue.language)
    return spoken is None or not spoken.same_language(target)
