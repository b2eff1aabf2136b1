"""Cues that wait for their translation, and the batches that they form."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile

from app.domain.cue import Cue
from app.services.translation.protocol import LanguagePair, Line

_LINGER_S = 0.3
"""How long a cue may wait for others to share its batch: too short to notice, long enough for
all cues of one window, which arrive together."""


@dataclass(slots=True, eq=False)
class Slot:
    """A cue's place in the order, filled or failed once.

    Attributes:
        cue: as it came.
        pair: what to translate from and into.
    """

    cue: Cue
    pair: LanguagePair
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    _text: str = ""
    _error: BaseException | None = None

    @property
    def line(self) -> Line:
        """What the translator sees of the cue."""
        return Line(self.cue.id, self.cue.text)

    @property
    def is_open(self) -> bool:
        """Whether nothing is known yet."""
        return not self._settled.is_set()

    def fill(self, text: str) -> None:
        """Set the translation."""
        self._text = text
        self._settled.set()

    def fail(self, error: BaseException) -> None:
        """Say why there will be no translation; nothing happens where there is one."""
        if self.is_open:
            self._error = error
            self._settled.set()

    async def translated(self) -> Cue:
        """Wait for the cue's next revision.

        Raises:
            Whatever the slot was failed with.
        """
        await self._settled.wait()
        if self._error is not None:
            raise self._error
        return replace(self.cue, translation=self._text, revision=self.cue.revision + 1)


class WaitingCues:
    """Cues between the stage before and the translator."""

    def __init__(self) -> None:
        self._slots: deque[tuple[float, Slot]] = deque()
        self._changed = asyncio.Event()
        self._ended = False

    def add(self, slot: Slot) -> None:
        """Let a cue wait."""
        self._slots.append((asyncio.get_running_loop().time(), slot))
        self._changed.set()

    def end(self) -> None:
        """Say that no cue follows."""
        self._ended = True
        self._changed.set()

    async def batch(self, size: int) -> list[Slot]:
        """Wait for a cue, then a moment for others of the same languages.

        Returns:
            Up to ``size`` slots in order; none once the end is reached.
        """
        await self._until(1, None)
        if not self._slots:
            return []
        arrived_s, first = self._slots[0]
        await self._until(size, arrived_s + _LINGER_S)
        near = (slot for _, slot in islice(self._slots, size))
        batch = list(takewhile(lambda slot: slot.pair == first.pair, near))
        for _ in batch:
            self._slots.popleft()
        return batch

    async def _until(self, count: int, deadline_s: float | None) -> None:
        """Wait until so many cues wait, none follows or the loop's clock shows the deadline."""
        try:
            async with asyncio.timeout_at(deadline_s):
                while len(self._slots) < count and not self._ended:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
