"""Results of opening a source."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from app.domain.audio import Audio
from app.domain.captions import Captions
from app.domain.events import Notice, Origin
from app.domain.media import NO_INFO, UNLISTED_TRACK, HeardTrack, MediaInfo
from app.domain.video_timing import VideoSource, no_video
from app.services.cache.transcript_cache import Transcript
from app.system.async_iterators import close_stage


@dataclass(frozen=True, slots=True, eq=False)
class OpenedCaptions:
    """Captions instead of a recording.

    Attributes:
        captions: parsed, never empty.
        origin: relation of the captions to the request.
        info: metadata of the video by its page.
        duration_ms: of the video; None when unknown.
        format: of the site's file or the file's track; empty for captions that a client sent.
    """

    captions: Captions
    origin: Origin
    info: MediaInfo = NO_INFO
    duration_ms: int | None = None
    format: str = ""

    async def aclose(self) -> None:
        """Do nothing: no resource is open."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedTranscript:
    """Cached transcript of the recording, which therefore is not transcribed again."""

    transcript: Transcript
    info: MediaInfo = NO_INFO

    @property
    def duration_ms(self) -> int | None:
        """Length of the recording."""
        return self.transcript.audio_ms

    async def aclose(self) -> None:
        """Do nothing: no resource is open."""


def _unknown() -> str | None:
    return None


def _nothing() -> int:
    return 0


def _no_notices() -> tuple[Notice, ...]:
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class OpenedMedia:
    """A recording that is being decoded.

    Attributes:
        duration_ms: by the container or the site, perhaps estimated; None when unknown.
        blocks: the recording from its start, gapless, each block 8192 samples but the last. It
            is decoded only as fast as it is read. At its end it raises the error that cut it
            short (TruncatedMediaError, SourceError, MediaTooLongError, StorageError).
        info: metadata of the video by its page; empty for a bare file.
        content: returns the SHA-256 of the media's bytes, hexadecimal, once all of them have
            passed; None before that.
        heard: which audio track it is; without tracks where they are not listed.
        notices: returns what is to be said of its sound so far: what could not be decoded, which
            track or channel was not heard.
        lost_ms: returns the time so far whose sound could not be decoded; part of the gaps.
        gap_ms: returns the time so far in which the recording has no sound at all; its blocks
            are marked.
        video: returns frame rate and shot changes so far; none of these unless they were wished
            for.
        resources: released when the media is closed; a reader may add its own.
    """

    duration_ms: int | None
    blocks: AsyncIterator[Audio]
    info: MediaInfo = NO_INFO
    content: Callable[[], str | None] = _unknown
    gap_ms: Callable[[], int] = _nothing
    heard: HeardTrack = UNLISTED_TRACK
    notices: Callable[[], tuple[Notice, ...]] = _no_notices
    lost_ms: Callable[[], int] = _nothing
    video: VideoSource = no_video
    resources: AsyncExitStack = field(default_factory=AsyncExitStack)

    def with_notices(self, notices: tuple[Notice, ...]) -> OpenedMedia:
        """Return the same media with more information."""
        own = self.notices
        return replace(self, notices=lambda: (*notices, *own())) if notices else self

    async def aclose(self) -> None:
        """Stop decoding: end child processes, close connections, remove temporary files.

        No reader may be waiting for a block any more. A second call does nothing.
        """
        try:
            await close_stage(self.blocks)
        finally:
            await self.resources.aclose()


Opened = OpenedMedia | OpenedCaptions | OpenedTranscript
"""Input of a job's pipeline."""
