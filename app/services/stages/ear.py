"""One window's way from sound to words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.domain.language import Language
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.scheduler import Scheduler
from app.gpu.ticket import Ticket
from app.services.clock import StageClock
from app.services.stages.speech import SpeechWindow
from app.services.store.lookups import Lookups
from app.services.transcripts import TranscriptCache


@dataclass(frozen=True, slots=True)
class Hearing:
    """How the windows of one job are to be heard.

    Attributes:
        key: of everything besides the sound that changes the words, see `window_hearing`.
        ticket: whose windows they are.
        language: spoken language, or None to detect it.
        prompt: words that are likely to occur.
        allowed_languages: base tags that detection chooses from; empty for all.
        fresh: what was heard earlier does not count; what is heard now is kept all the same.
        lookups: counts the windows that had been heard earlier.
    """

    key: str
    ticket: Ticket
    language: Language | None = None
    prompt: str = ""
    allowed_languages: tuple[str, ...] = ()
    fresh: bool = False
    lookups: Lookups = field(default_factory=Lookups)


class WindowEar:
    """Turns windows of one job into segments, through the queue that all requests share.

    Args:
        scheduler: the queue.
        cache: what was heard earlier.
        hearing: how the job's windows are to be heard.
        clock: counts the time spent under ``transcribe``.
    """

    def __init__(
        self, scheduler: Scheduler, cache: TranscriptCache, hearing: Hearing, clock: StageClock
    ) -> None:
        self._scheduler = scheduler
        self._cache = cache
        self._hearing = hearing
        self._clock = clock

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
        hearing, cache, start = self._hearing, self._cache, window.audio.start_sample
        key = cache.key(window.audio, hearing.key)
        known = None if hearing.fresh else await cache.get(key, start)
        hearing.lookups.note(known is not None)
        if known is not None:
            return _with_room(known, window.clear_until_ms)
        with self._clock.measure("transcribe"):
            heard = await self._transcribe(window)
        # An engine that was told to stop heard nothing, which is not what there is to hear.
        if not hearing.ticket.cancelled.is_set():
            cache.put(key, heard, start)
        return _with_room(heard, window.clear_until_ms)

    async def _transcribe(self, window: SpeechWindow) -> Sequence[Segment]:
        hearing = self._hearing
        asked = Window(
            window.audio,
            hearing.language.tag if hearing.language else None,
            hearing.prompt,
            hearing.allowed_languages,
            hearing.ticket.cancelled,
        )
        return await self._scheduler.transcribe(asked, hearing.ticket, window.index)


def _with_room(segments: Sequence[Segment], clear_until_ms: int) -> list[Segment]:
    """Tell each segment until when the screen is its own."""
    limits = [segment.span.start_ms for segment in segments[1:]] + [clear_until_ms]
    return [
        # A window may have no segment at all: its speech was a cough.
        replace(segment, clear_until_ms=max(segment.span.end_ms, limit))
        for segment, limit in zip(segments, limits, strict=False)
    ]
