"""Windows of speech to segments, through the queue that all requests share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from app.domain.language import Language
from app.domain.transcript import Segment
from app.gpu.protocols import Window
from app.gpu.scheduler import Scheduler
from app.gpu.ticket import Ticket
from app.services.clock import StageClock
from app.services.joints import overlap
from app.services.stages.speech import SpeechWindow
from app.services.store.lookups import Lookups
from app.services.transcripts import TranscriptCache

_LEAST_IN_FLIGHT = 4
_MOST_IN_FLIGHT = 24
"""Windows of one job that wait or are being decoded: enough to fill a batch and have the next
one ready, but a window of 30 s is 2 MB of samples."""


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


async def transcribe(
    windows: AsyncIterator[SpeechWindow],
    scheduler: Scheduler,
    cache: TranscriptCache,
    hearing: Hearing,
    clock: StageClock,
) -> AsyncIterator[Segment]:
    """Yield the segments of each window, in order.

    Raises:
        EngineError: the engine failed on a window.
    """
    tag = hearing.language.tag if hearing.language else None
    ticket = hearing.ticket

    async def work(window: SpeechWindow) -> list[Segment]:
        key = cache.key(window.audio, hearing.key)
        known = None if hearing.fresh else await cache.get(key, window.audio.start_sample)
        hearing.lookups.note(known is not None)
        if known is not None:
            return _with_room(known, window.clear_until_ms)
        asked = Window(
            window.audio, tag, hearing.prompt, hearing.allowed_languages, ticket.cancelled
        )
        with clock.measure("transcribe"):
            heard = await scheduler.transcribe(asked, ticket, window.index)
        # An engine that was told to stop heard nothing, which is not what there is to hear.
        if not ticket.cancelled.is_set():
            cache.put(key, heard, window.audio.start_sample)
        return _with_room(heard, window.clear_until_ms)

    in_flight = min(max(_LEAST_IN_FLIGHT, 2 * scheduler.capacity), _MOST_IN_FLIGHT)
    async for segments in overlap(windows, work, in_flight):
        for segment in segments:
            yield segment


def _with_room(segments: Sequence[Segment], clear_until_ms: int) -> list[Segment]:
    """Tell each segment until when the screen is its own."""
    limits = [segment.span.start_ms for segment in segments[1:]] + [clear_until_ms]
    return [
        # A window may have no segment at all: its speech was a cough.
        replace(segment, clear_until_ms=max(segment.span.end_ms, limit))
        for segment, limit in zip(segments, limits, strict=False)
    ]
