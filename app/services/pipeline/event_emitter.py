"""The event emitter of one run of the pipeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from app.domain.audio import Audio
from app.domain.captions import Captions
from app.domain.cue import Cue
from app.domain.errors import NoSpeechError
from app.domain.events import (
    CuesDropped,
    CuesReady,
    Event,
    Notice,
    Progress,
    Result,
    SegmentTranscribed,
    SpeakersFound,
    Usage,
)
from app.domain.language import Language, known_language
from app.domain.media import UNLISTED_TRACK, HeardTrack
from app.domain.request import JobRequest
from app.domain.time import Span
from app.domain.transcript import Segment, SpeakerTurn
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.services.cache.transcript_cache import Transcript
from app.services.captions.page_notices import page_notices
from app.services.pipeline.progress import ProgressTracker
from app.services.playback.ranges import Coverage, PlaybackRanges
from app.services.sources.opened import Opened, OpenedCaptions, OpenedMedia, OpenedTranscript
from app.services.stages.stage_clock import StageClock
from app.services.translation.translation_notices import (
    OF_TRANSLATION,
    speech_not_translated,
    speech_translated,
    translated_by_transcriber,
)
from app.system.loop_turns import LoopSlice

Emit = Callable[[Event], None]


class EventEmitter:
    """Emits the events of one run and sums them up.

    Args:
        request: of the run.
        opened: its source.
        emit: takes the events.
        shown: ranges with final cues, which are extended here; None for ranges of its own.

    Attributes:
        clock: time that each stage took.
        drafts: cues that were emitted and are not final, the latest revision of each id.
        turns: speaker turns, once they are known.
        notices: for the result, without repetitions.
        translated_languages: BCP 47 tags of texts that the transcriber translated.
    """

    def __init__(
        self, request: JobRequest, opened: Opened, emit: Emit, shown: Coverage | None = None
    ) -> None:
        self.clock = StageClock()
        self._progress = ProgressTracker(
            translating=request.target is not None,
            done=shown or Coverage(PlaybackRanges()),
            diarizing=request.diarize and isinstance(opened, OpenedMedia),
        )
        self._target = request.target
        self._opened = opened
        self._emit = emit
        self._audio_ms = 0
        self._language = request.spoken.tag if request.spoken else "und"
        self._task = request.task
        self._written_ms: Counter[str] = Counter()
        self._spoken_ms: Counter[str] = Counter()
        self.translated_languages: set[str] = set()
        self.drafts: dict[int, Cue] = {}
        self.turns: tuple[SpeakerTurn, ...] = ()
        self.notices: list[Notice] = []
        self._segments: list[Segment] = []
        self._with_speakers: tuple[Segment, ...] | None = None
        if isinstance(opened, OpenedCaptions):
            self._language = opened.captions.language
            if request.task == "translate":
                self.notice(speech_not_translated(opened.captions.language))
        emit(self._opening())
        if isinstance(opened, OpenedTranscript):
            for notice in opened.transcript.notices:
                self.notice(notice)
        if isinstance(opened, OpenedCaptions):
            for notice in opened.captions.notices:
                self.notice(notice)
        for notice in page_notices(opened.info):
            self.notice(notice)

    def _opening(self) -> Progress:
        match self._opened:
            case OpenedCaptions(captions=captions):
                return self._progress.read(_end_ms([each.span for each in captions.items]))
            case OpenedTranscript(transcript=transcript):
                return self._progress.known(_end_ms([each.span for each in transcript.segments]))
            case OpenedMedia(duration_ms=duration_ms):
                return self._progress.opened(duration_ms)

    def decoded(self, audio: Audio) -> None:
        """Note a block of decoded audio."""
        self._audio_ms = audio.span.end_ms
        self._progress.decoded(self._audio_ms)

    def decoding_ended(self) -> None:
        """Note that no further audio follows, so that the recording's length is known."""
        self._progress.decoding_ended(self._audio_ms)

    def expect_cues(self, count: int) -> None:
        """Note how many cues the job will have."""
        self._progress.expect_cues(count)

    def transcribed(self, segment: Segment) -> None:
        """Emit a transcribed segment."""
        # The language of the recording is the one that is spoken longest.
        self._written_ms[segment.language] += segment.span.duration_ms + 1
        self._spoken_ms[segment.spoken_language] += segment.span.duration_ms + 1
        self._language = self._written_ms.most_common(1)[0][0]
        if segment.translation is not None:
            self.translated_languages.add(segment.language)
            self.notice(translated_by_transcriber(segment.language))
        if segment.spoken is not None:
            self.notice(speech_translated(segment.spoken))
        self._segments.append(segment)
        self._emit(SegmentTranscribed(segment))
        self._emit_progress(self._progress.transcribed(segment.span, self.clock.elapsed_ms))

    def transcription_ended(self) -> None:
        """Note that no further segment follows."""
        self._emit_progress(self._progress.transcription_ended())

    def drafted(self, cue: Cue) -> None:
        """Emit a cue that waits for its translation or its speaker."""
        self.drafts[cue.id] = cue
        self._emit(CuesReady((cue,), final=False))

    def translated_draft(self, cue: Cue) -> None:
        """Emit a cue that waits for its speaker alone, and may be laid out anew for it."""
        self.drafted(cue)
        self._emit_progress(self._progress.drafted(cue.span, self.clock.elapsed_ms))

    def shown(self, cue: Cue) -> None:
        """Emit a cue whose speaker follows in a later revision, and nothing else."""
        self.drafts[cue.id] = cue
        expected = self._progress.cues_expected(cue.span)
        self._emit(CuesReady((cue,), final=False, speakers_follow=True, expected=expected))
        self._emit_progress(self._progress.finished(cue.span, self.clock.elapsed_ms))

    def named(self, cue: Cue) -> None:
        """Emit the final revision of a cue that was shown without its speaker."""
        self._emit(CuesReady((cue,), final=True))

    def finished(self, cue: Cue) -> None:
        """Emit a final cue."""
        expected = self._progress.cues_expected(cue.span)
        self._emit(CuesReady((cue,), final=True, expected=expected))
        self._emit_progress(self._progress.finished(cue.span, self.clock.elapsed_ms))

    def diarized(self, end_ms: int, busy_ms: float) -> None:
        """Note how much of the recording was searched for speakers, and how long that took."""
        self._emit_progress(self._progress.diarized(end_ms, busy_ms, self.clock.elapsed_ms))

    def diarizing(self) -> None:
        """Emit that everything is transcribed and the speakers are not known yet."""
        self._emit(self._progress.diarizing())

    def speakers_found(self, turns: Sequence[SpeakerTurn], segments: Sequence[Segment]) -> None:
        """Emit the speaker turns.

        Args:
            turns: of the whole recording, in order of start.
            segments: with a speaker for each word, for the result.
        """
        self.turns = tuple(turns)
        self._with_speakers = tuple(segments)
        self._emit(SpeakersFound(self.turns))

    def dropped(self, ids: tuple[int, ...]) -> None:
        """Emit the ids of drafts that no final cue replaces."""
        if ids:
            self._emit(CuesDropped(ids))

    def notice(self, notice: Notice) -> None:
        """Emit a notice, once."""
        if notice not in self.notices:
            self.notices.append(notice)
            self._emit(notice)

    @property
    def segments(self) -> list[Segment]:
        """The transcribed segments, in order of start."""
        return sorted(self._segments, key=lambda segment: segment.span.start_ms)

    def transcript(self, untranscribed_ms: int) -> Transcript:
        """Return the transcript of the whole recording.

        Args:
            untranscribed_ms: detected speech that never became text.
        """
        return Transcript(
            segments=tuple(self.segments),
            audio_ms=self._audio_ms,
            language=self._language,
            untranscribed_ms=untranscribed_ms,
            turns=self.turns,
            notices=tuple(each for each in self.notices if each.code not in OF_TRANSLATION),
            heard=self._audio_track,
            video=self.video(),
        )

    async def result(
        self,
        cues: list[Cue],
        cached: Mapping[str, float],
        usage: Usage,
        untranscribed_ms: int | None,
        translators: tuple[str, ...] = (),
    ) -> Result:
        """Return the result.

        Args:
            cues: final.
            cached: see `Result`.
            usage: of language models; without any request it is left out.
            untranscribed_ms: detected speech that never became text; None where no recording was
                transcribed.
            translators: see `Result`.

        Raises:
            NoSpeechError: there are no cues.
        """
        if not cues:
            raise NoSpeechError("No speech was found", self._audio_ms)
        self._emit(self._progress.finalizing())
        opened = self._opened
        captions = opened if isinstance(opened, OpenedCaptions) else None
        ordered = sorted(cues, key=lambda cue: cue.span.start_ms)
        return Result(
            cues=tuple(ordered),
            segments=await self._result_segments(),
            translated=any(is_translated(cue, self._target) for cue in cues),
            language=self._language,
            audio_ms=self._audio_ms or opened.duration_ms or ordered[-1].span.end_ms,
            elapsed_ms=self.clock.elapsed_ms,
            stage_ms=self.clock.stage_ms,
            origin=captions.origin if captions else "whisper",
            cached=cached,
            usage=usage if usage.requests else None,
            title=opened.info.title,
            turns=self.turns,
            notices=tuple(self.notices),
            voiced_untranscribed_ms=untranscribed_ms,
            spoken=self._spoken(),
            translators=translators,
            heard=self._audio_track,
            video=self.video(),
            caption_format=captions.format if captions else "",
        )

    def speakers_result(self) -> Result:
        """Return the result of a job that wants speakers alone."""
        self._emit(self._progress.finalizing())
        return Result(
            cues=(),
            translated=False,
            language=self._language,
            audio_ms=self._audio_ms or self._opened.duration_ms or 0,
            elapsed_ms=self.clock.elapsed_ms,
            stage_ms=self.clock.stage_ms,
            title=self._opened.info.title,
            turns=self.turns,
            notices=tuple(self.notices),
            heard=self._audio_track,
            video=self.video(),
        )

    @property
    def _audio_track(self) -> HeardTrack:
        match self._opened:
            case OpenedMedia(heard=heard) | OpenedTranscript(transcript=Transcript(heard=heard)):
                return heard
            case _:
                return UNLISTED_TRACK

    def video(self) -> VideoTiming:
        """Return what is known of the recording's picture so far."""
        match self._opened:
            case OpenedMedia(video=video):
                return video()
            case OpenedTranscript(transcript=Transcript(video=found)):
                return found
            case _:
                return NO_VIDEO

    def _spoken(self) -> str | None:
        """Return what was spoken longest, where speech was to be translated."""
        if self._task != "translate" or not self._spoken_ms:
            return None
        return self._spoken_ms.most_common(1)[0][0]

    async def _result_segments(self) -> tuple[Segment, ...]:
        if isinstance(self._opened, OpenedCaptions):
            return await _caption_segments(self._opened.captions)
        return tuple(self.segments) if self._with_speakers is None else self._with_speakers

    def _emit_progress(self, progress: Event | None) -> None:
        if progress is not None:
            self._emit(progress)


def _end_ms(spans: Sequence[Span]) -> int:
    return max((span.end_ms for span in spans), default=0)


def is_translated(cue: Cue, target: Language | None) -> bool:
    """Whether a cue has a translation that is in another language than its text."""
    if target is None or cue.translation is None:
        return False
    spoken = known_language(cue.language)
    return spoken is None or not spoken.same_language(target)


async def _caption_segments(captions: Captions) -> tuple[Segment, ...]:
    """Return captions as segments: words only where the track times them."""
    turn = LoopSlice()
    segments: list[Segment] = []
    for caption in captions.items:
        await turn.pause()
        segments.append(
            Segment(
                text=" ".join(caption.text.split("\n")),
                span=caption.span,
                words=tuple(replace(word, speaker=caption.speaker) for word in caption.words),
                language=captions.language,
                clear_until_ms=caption.span.end_ms,
            )
        )
    return tuple(segments)
