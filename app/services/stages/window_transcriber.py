"""One window's way from sound to words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.domain.audio import Audio
from app.domain.language import Language
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.scheduler import Scheduler
from app.gpu.work_context import WorkContext
from app.services.cache.lookups import Lookups
from app.services.cache.window_cache import WindowCache
from app.services.stages.align import WordAligner
from app.services.stages.stage_clock import StageClock
from app.services.stages.untranscribed_speech import UntranscribedSpeech, fill, gaps, sound_of
from app.services.stages.vad import SpeechWindow


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """How the windows of one job are to be heard.

    Attributes:
        key: of everything besides the sound that changes the words, see `window_hearing`.
        context: whose windows they are.
        language: spoken language, or None to detect it.
        prompt: words that are likely to occur.
        allowed_languages: base tags that detection chooses from; empty for all.
        fresh: what was heard earlier does not count; what is heard now is kept all the same.
        lookups: counts the windows that had been heard earlier.
        untranscribed: counts the speech that never became text.
    """

    key: str
    context: WorkContext
    language: Language | None = None
    prompt: str = ""
    allowed_languages: tuple[str, ...] = ()
    fresh: bool = False
    lookups: Lookups = field(default_factory=Lookups)
    untranscribed: UntranscribedSpeech = field(default_factory=UntranscribedSpeech)


class WindowTranscriber:
    """Turns windows of one job into segments, through the queue that all requests share.

    Args:
        scheduler: the queue.
        cache: what was heard earlier.
        hearing: how the job's windows are to be heard.
        clock: counts the time spent under ``transcribe``.
        aligner: finds exact word times; None leaves the transcriber's own.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        cache: WindowCache,
        hearing: TranscribeOptions,
        clock: StageClock,
        aligner: WordAligner | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._cache = cache
        self._hearing = hearing
        self._clock = clock
        self._aligner = aligner

    @property
    def capacity(self) -> int:
        """Windows that are heard at a time, whoever's."""
        return self._scheduler.capacity

    async def hear(self, window: SpeechWindow) -> list[Segment]:
        """Return what is said in a window, from memory where it was heard before.

        Raises:
            EngineError: the engine failed on it.
            JobCancelledError: nobody wants it any more.
        """
        segments = await self._known(window)
        self._hearing.lookups.count(segments is not None)
        if segments is None:
            segments = await self._heard(window)
        left = gaps(window.voiced, segments)
        self._hearing.untranscribed.ms += sum(gap.duration_ms for gap in left)
        return _with_room(segments, window.clear_until_ms)

    async def _known(self, window: SpeechWindow) -> list[Segment] | None:
        """Look up the finished words of a window, else those that only lack their exact times."""
        if self._hearing.fresh:
            return None
        start = window.audio.start_sample
        known = await self._cache.get(self._key(window, aligned=True), start)
        if known is not None or self._aligner is None:
            return known
        rough = await self._cache.get(self._key(window), start)
        return None if rough is None else await self._aligned(window, rough)

    async def _heard(self, window: SpeechWindow) -> list[Segment]:
        with self._clock.measure("transcribe"):
            segments = list(await self._transcribe(window.audio, window.index))
            for gap in gaps(window.voiced, segments):
                # Once more, with the gap in the middle of what the engine is given.
                again = await self._transcribe(sound_of(gap, window.audio), window.index)
                segments = fill(segments, again, gap)
        self._keep(window, segments)
        return segments if self._aligner is None else await self._aligned(window, segments)

    async def _aligned(self, window: SpeechWindow, rough: Sequence[Segment]) -> list[Segment]:
        if self._aligner is None:
            return list(rough)
        segments, complete = await self._aligner.align(window.audio, rough, window.index)
        if complete:
            self._keep(window, segments, aligned=True)
        return segments

    def _key(self, window: SpeechWindow, *, aligned: bool = False) -> str:
        hearing = self._hearing.key
        if aligned and self._aligner is not None:
            hearing = f"{hearing} {self._aligner.revision}"
        return self._cache.key(window.audio, hearing)

    def _keep(
        self, window: SpeechWindow, segments: Sequence[Segment], *, aligned: bool = False
    ) -> None:
        # An engine that was told to stop heard nothing, which is not what there is to hear.
        if not self._hearing.context.cancelled.is_set():
            key = self._key(window, aligned=aligned)
            self._cache.put(key, segments, window.audio.start_sample)

    async def _transcribe(self, audio: Audio, index: int) -> Sequence[Segment]:
        hearing = self._hearing
        asked = Window(
            audio,
            hearing.language.tag if hearing.language else None,
            hearing.prompt,
            hearing.allowed_languages,
            hearing.context.cancelled,
        )
        return await self._scheduler.transcribe(asked, hearing.context, index)


def _with_room(segments: Sequence[Segment], clear_until_ms: int) -> list[Segment]:
    """Tell each segment until when the screen is its own."""
    limits = [segment.span.start_ms for segment in segments[1:]] + [clear_until_ms]
    return [
        # A window may have no segment at all: its speech was a cough.
        replace(segment, clear_until_ms=max(segment.span.end_ms, limit))
        for segment, limit in zip(segments, limits, strict=False)
    ]
