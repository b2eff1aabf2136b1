"""Media that is open and decodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from app.domain.audio import Audio
from app.domain.captions import Captions
from app.domain.events import Origin
from app.domain.media import NO_INFO, MediaInfo
from app.services.cache.transcript_cache import Transcript
from app.system.async_iterators import close_stage


@dataclass(frozen=True, slots=True, eq=False)
class OpenedCaptions:
    """Captions instead of a recording.

    Attributes:
        captions: parsed, never empty.
        origin: what they are to the request.
        info: what the page says about the video.
        duration_ms: of the video; None when nobody knows.
    """

    captions: Captions
    origin: Origin
    info: MediaInfo = NO_INFO
    duration_ms: int | None = None

    async def aclose(self) -> None:
        """Nothing is held open."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedTranscript:
    """What was heard in the recording earlier, so that nobody has to hear it again."""

    transcript: Transcript
    info: MediaInfo = NO_INFO

    @property
    def duration_ms(self) -> int | None:
        """Length of the recording."""
        return self.transcript.audio_ms

    async def aclose(self) -> None:
        """Nothing is held open."""


def _unknown() -> str | None:
    return None


@dataclass(frozen=True, slots=True, eq=False)
class OpenedMedia:
    """A recording that is being decoded.

    Attributes:
        duration_ms: as the container or the site says, perhaps estimated; None when nobody knows.
        blocks: the recording from its start, gapless, each block 8192 samples but the last. It
            is read only as fast as it is taken. At its end it raises what cut it short
            (TruncatedMediaError, SourceError, MediaTooLongError, StorageError).
        info: what the page says about the video; nothing for a bare file.
        content: gives the hash of the media's bytes, once all of them have passed.
        resources: what is let go when the media is closed; a reader may add its own.
    """

    duration_ms: int | None
    blocks: AsyncIterator[Audio]
    info: MediaInfo = NO_INFO
    content: Callable[[], str | None] = _unknown
    resources: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def aclose(self) -> None:
        """Stop decoding: end child processes, close connections, remove temporary files.

        Nobody may be waiting for a block any more. A second call does nothing.
        """
        try:
            await close_stage(self.blocks)
        finally:
            await self.resources.aclose()


Opened = OpenedMedia | OpenedCaptions | OpenedTranscript
"""What a job can be made of."""
