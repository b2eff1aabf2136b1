"""Media that is open and decodes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from app.domain.audio import Audio
from app.services.joints import close_stage


@dataclass(frozen=True, slots=True, eq=False)
class OpenedMedia:
    """A recording that is being decoded.

    Attributes:
        duration_ms: as the container or the site says, perhaps estimated; None when nobody knows.
        blocks: the recording from its start, gapless, each block 8192 samples but the last. It
            is read only as fast as it is taken. At its end it raises what cut it short
            (TruncatedMediaError, SourceError, MediaTooLongError, StorageError).
    """

    duration_ms: int | None
    blocks: AsyncIterator[Audio]
    _resources: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def aclose(self) -> None:
        """Stop decoding: end child processes, close connections, remove temporary files.

        Nobody may be waiting for a block any more. A second call does nothing.
        """
        try:
            await close_stage(self.blocks)
        finally:
            await self._resources.aclose()
