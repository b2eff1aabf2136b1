"""What passes through one run of the line, told as events and summed up at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from app.domain.audio import Audio
from app.domain.cue import Cue
from app.domain.errors import NoSpeechError
from app.domain.events import (
    CuesDropped,
    CuesReady,
    Event,
    Notice,
    Result,
    SegmentTranscribed,
    SpeakersFound,
    Usage,
)
from app.domain.language import Language, known_language
from app.domain.request import JobRequest
from app.domain.transcript import Segment, SpeakerTurn
from app.services.cache.transcript_cache import Transcript
from app.services.pipeline.progress import ProgressTracker
from app.services.playback.ranges import Coverage, PlaybackRanges
from app.services.sources.opened import Opened, OpenedCaptions, OpenedTranscript
from app.services.stages.stage_clock import StageClock

Emit = Callable[[Event], None]


class EventEmitter:
    """One run of the line.

    Args:
        request: what is asked for.
        opened: what it is made of.
        emit: takes the events.
        shown: is told how far the final cues go; None where nobody asks.

    Attributes:
        clock: adds up what each stage took.
        drafts: cues that were shown and are not final, the latest of each id.
        turns: who spoke when, once it is known.
        notices: what the result's reader should know, each code once for each message.
    """

    def __init__(
        self, request: JobRequest, opened: Opened, emit: Emit, shown: Coverage | None = None
    ) -> None:
        self.clock = StageClock()
        self._progress = ProgressTracker(
            translating=request.target is not None, done=shown or Coverage(PlaybackRanges())
        )
        self._target = request.target
        self._opened = opened
        self._emit = emit
        self._audio_ms = 0
        self._language = request.spoken.tag if request.spoken else "und"
        self._spoken_ms: Counter[str] = Counter()
        self.drafts: dict[int, Cue] = {}
        self.turns: tuple[SpeakerTurn, ...] = ()
        self.notices: list[Notice] = []
        self._segments: list[Segment] = []
        if isinstance(opened, OpenedCaptions):
            self._language = opened.captions.language
        read = isinstance(opened, OpenedCaptions)
        emit(self._progress.opened(opened.duration_ms, read=read))
        if isinstance(opened, OpenedTranscript):
            for notice in opened.transcript.notices:
                self.notice(notice)

    def decoded(self, audio: Audio) -> None:
        """Audio was decoded."""
        self._audio_ms = audio.span.end_ms

    def heard(self, segment: Segment) -> None:
        """A stretch of speech is text."""
        # More of a recording may be in one language than what was heard last.
        self._spoken_ms[segment.language] += segment.span.duration_ms + 1
        self._language = self._spoken_ms.most_common(1)[0][0]
        self._segments.append(segment)
        self._emit(SegmentTranscribed(segment))
        self._tell(self._progress.heard(segment.span, self.clock.elapsed_ms))

    def all_heard(self) -> None:
        """Nothing more will be heard."""
        self._tell(self._progress.all_heard())

    def drafted(self, cue: Cue) -> None:
        """A cue waits for its translation, or for its speaker."""
        self.drafts[cue.id] = cue
        self._emit(CuesReady((cue,), final=False))

    def finished(self, cue: Cue) -> None:
        """A cue is final."""
        self._emit(CuesReady((cue,), final=True))
        self._tell(self._progress.finished(cue.span, self.clock.elapsed_ms))

    def telling_apart(self) -> None:
        """Everything was heard; whose voice it is, is not known yet."""
        self._emit(self._progress.telling_apart())

    def spoke(self, turns: Sequence[SpeakerTurn]) -> None:
        """It is known who spoke when."""
        self.turns = tuple(turns)
        self._emit(SpeakersFound(self.turns))

    def dropped(self, ids: tuple[int, ...]) -> None:
        """Drafts are gone for good."""
        if ids:
            self._emit(CuesDropped(ids))

    def notice(self, notice: Notice) -> None:
        """Something could not be done, or not as well as usual."""
        if notice not in self.notices:
            self.notices.append(notice)
            self._emit(notice)

    @property
    def segments(self) -> list[Segment]:
        """All that was heard, in order of start."""
        return sorted(self._segments, key=lambda segment: segment.span.start_ms)

    def transcript(self, untranscribed_ms: int) -> Transcript:
        """Return all that is known of the recording.

        Args:
            untranscribed_ms: speech that never became text.
        """
        return Transcript(
            segments=tuple(self.segments),
            audio_ms=self._audio_ms,
            language=self._language,
            untranscribed_ms=untranscribed_ms,
            turns=self.turns,
            notices=tuple(self.notices),
        )

    def result(
        self,
        cues: list[Cue],
        cached: Mapping[str, float],
        usage: Usage | None,
        untranscribed_ms: int | None,
    ) -> Result:
        """Sum up.

        Args:
            cues: final.
            cached: see `Result`.
            usage: see `Result`.
            untranscribed_ms: speech that never became text; None where nobody has listened.

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
            turns=self.turns,
            notices=tuple(self.notices),
            voiced_untranscribed_ms=untranscribed_ms,
        )

    def _tell(self, progress: Event | None) -> None:
        if progress is not None:
            self._emit(progress)


def _is_translated(cue: Cue, target: Language | None) -> bool:
    if target is None or cue.translation is None:
        return False
    spoken = known_language(cue.language)
    return spoken is None or not spoken.same_language(target)
