"""Sound of one live connection of Deepgram's clients: bare samples, or a container."""

from __future__ import annotations

import asyncio
from typing import Protocol

from app.routers.deepgram.recording_source import HEADERLESS
from app.services.media.live_container import LiveContainer, Take
from app.services.media.live_sound import LiveSound
from app.submission.vendors.stream_query import StreamQuery
from app.system.thread_groups import VOICE

_CONTAINED = frozenset({"", "ogg-opus"})
"""Encodings that mean a container. Deepgram's clients name none for one."""

LIVE_ENCODINGS = frozenset({*HEADERLESS, *_CONTAINED})


class ListenSound(Protocol):
    """Sound of a connection.

    Attributes:
        failure: gets the exception where the sound cannot be decoded.
    """

    failure: asyncio.Future[None]

    @property
    def duration_s(self) -> float:
        """Sound that was taken so far."""

    @property
    def damages(self) -> int:
        """Parts of it that could not be decoded."""

    async def feed(self, data: bytes) -> None:
        """Take the client's next bytes."""

    async def settle(self) -> None:
        """Pass on all that was sent so far."""

    async def finish(self) -> None:
        """Pass on what is left, and end."""

    async def close(self) -> None:
        """Stop now."""


class BareSound:
    """Samples without a header.

    Args:
        query: its encoding, rate and channels.
        take: receives the sound.
    """

    damages = 0

    def __init__(self, query: StreamQuery, take: Take) -> None:
        coding, rate_hz = HEADERLESS[query.encoding.lower()], query.sample_rate or 0
        self._sound, self._take, self._bytes = LiveSound(coding, rate_hz, query.channels), take, 0
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def duration_s(self) -> float:
        """Sound that was taken so far."""
        return self._bytes / self._sound.bytes_per_s

    async def feed(self, data: bytes) -> None:
        """Take the client's next bytes."""
        self._bytes += len(data)
        step = self._sound.bytes_per_s
        for at in range(0, len(data), step):
            await self._take(await VOICE.run(self._sound.read, data[at : at + step]))

    async def settle(self) -> None:
        """Pass on what the resampler holds."""
        await self._take(self._sound.finish())

    async def finish(self) -> None:
        """Pass on what the resampler holds."""
        await self.settle()

    async def close(self) -> None:
        """Stop now."""
        self.failure.cancel()


def listen_sound(query: StreamQuery, take: Take) -> ListenSound:
    """Return the sound of a stream.

    Args:
        query: its encoding, one of `LIVE_ENCODINGS`.
        take: receives mono samples at 16 kHz.
    """
    if query.encoding.lower() in _CONTAINED:
        return LiveContainer(take)
    return BareSound(query, take)
