"""Units that wait for their translation, and the batches that they form."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile

from app.domain.cue import Cue
from app.services.translation.text.distribute import Resplitter
from app.services.translation.text.units import LINGER_S, Unit
from app.services.translation.translator import LanguagePair, SourceLine

_QUIET_S = 0.03
"""When nothing came for this long, what came together is there."""


@dataclass(slots=True, eq=False)
class PendingUnit:
    """A unit's place in the order, filled or failed once.

    Attributes:
        unit: as it came.
        pair: what to translate from and into.
        line: what the translator sees of the unit.
        before: the lines ahead of it, for context.
        key: address of its translation in a memo.
    """

    unit: Unit
    pair: LanguagePair
    line: SourceLine
    before: tuple[SourceLine, ...] = ()
    key: str = ""
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    _text: str = ""
    _error: BaseException | None = None

    @property
    def is_open(self) -> bool:
        """Whether nothing is known yet."""
        return not self._settled.is_set()

    def takes(self, text: str) -> bool:
        """Whether a text can be the translation; a blank one only where the line is blank."""
        return self.is_open and (bool(text.strip()) or not self.line.text.strip())

    def fill(self, text: str) -> None:
        """Set the translation."""
        self._text = text
        self._settled.set()

    def fail(self, error: BaseException) -> None:
        """Say why there will be no translation; nothing happens where there is one."""
        if self.is_open:
            self._error = error
            self._settled.set()

    async def translated(self, resplitter: Resplitter) -> list[Cue]:
        """Wait for the next revisions of the unit's cues.

        Raises:
            Whatever the slot was failed with.
        """
        await self._settled.wait()
        if self._error is not None:
            raise self._error
        cues = self.unit.cues
        if self.pair.is_same:
            pieces = [cue.text for cue in cues]
        else:
            pieces = resplitter.divide(self._text, cues)
        return [
            replace(cue, translation=piece, revision=cue.revision + 1)
            for cue, piece in zip(cues, pieces, strict=True)
        ]


class WaitingUnits:
    """Units between those that read them and the translator.

    Args:
        sizes: lines in the first batch at most, the second and so on; the last repeats.
        lanes: batches in flight at a time.
    """

    def __init__(self, sizes: tuple[int, ...], lanes: int) -> None:
        self._sizes = sizes
        self._lanes = lanes
        self._slots: deque[PendingUnit] = deque()
        self._taken: set[PendingUnit] = set()
        self._batches = 0
        self._changed = asyncio.Event()
        self._ended = False

    def add(self, slot: PendingUnit) -> None:
        """Let a unit wait."""
        self._slots.append(slot)
        self._changed.set()

    def end(self) -> None:
        """Say that no unit follows."""
        self._ended = True
        self._changed.set()

    async def batch(self) -> list[PendingUnit]:
        """Wait for a unit, then a moment for others of the same languages.

        The first batch leaves as soon as it is full. From then on a lane takes its share of all
        that is not answered yet, no less than the first batch and no more than the translator
        allows: so the lanes end together, and no request is made for a line or two. Batches grow
        step by step only where one round of the lanes cannot take everything.

        Returns:
            Slots in order; none once the end is reached.
        """
        await self._until(1, None)
        if not self._slots:
            return []
        first = self._slots[0]
        await self._until(self._sizes[0], first.unit.arrived_s + LINGER_S)
        if self._batches:
            await self._until_all_came()
        near = islice(self._slots, self._size())
        batch = list(takewhile(lambda slot: slot.pair == first.pair, near))
        for _ in batch:
            self._slots.popleft()
        self._taken.update(batch)
        self._batches += 1
        return batch

    def _size(self) -> int:
        """Return how many lines the next batch takes."""
        self._taken = {slot for slot in self._taken if slot.is_open}
        share = -(-(len(self._slots) + len(self._taken)) // self._lanes)
        rank = min(self._batches, len(self._sizes) - 1)
        is_one_round = self._batches > 0 and share <= self._sizes[-1]
        limit = self._sizes[-1] if is_one_round else self._sizes[rank]
        return min(limit, max(self._sizes[0], share))

    async def _until_all_came(self) -> None:
        """Wait while units arrive one upon the other, so that each lane's share can be told."""
        clock_s = asyncio.get_running_loop().time
        enough, deadline_s = self._sizes[-1] * self._lanes, clock_s() + LINGER_S
        while len(self._slots) < enough and not self._ended:
            count = len(self._slots)
            await self._until(count + 1, min(deadline_s, clock_s() + _QUIET_S))
            if len(self._slots) == count:
                return

    async def _until(self, count: int, deadline_s: float | None) -> None:
        """Wait until so many units wait, none follows or the loop's clock shows the deadline."""
        try:
            async with asyncio.timeout_at(deadline_s):
                while len(self._slots) < count and not self._ended:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
