"""Batcher of units for translation."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile

from app.domain.cue import Cue
from app.services.translation.text.styled_unit import StyledUnit
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.units import LINGER_S, Unit
from app.services.translation.translator import LanguagePair, SourceLine, Translator

_BURST_GAP_S = 0.03
"""A pause of this length ends a burst of units that arrive together."""


@dataclass(slots=True, eq=False)
class PendingUnit:
    """A unit with its pending translation, filled or failed once.

    Attributes:
        unit: the source unit.
        pair: source and target language.
        line: the unit as the translator gets it.
        styled: its style and its speakers' lines.
        before: preceding lines, for context.
        key: key of its translation in the translation memory.
        unstyled: cues whose translation lost a style; known once it is translated.
    """

    unit: Unit
    pair: LanguagePair
    line: SourceLine
    styled: StyledUnit
    before: tuple[SourceLine, ...] = ()
    key: str = ""
    unstyled: tuple[Cue, ...] = ()
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    _text: str | None = ""
    _error: BaseException | None = None

    @property
    def is_open(self) -> bool:
        """Whether the translation is still pending."""
        return not self._settled.is_set()

    def takes(self, text: str) -> bool:
        """Whether a text can be the translation; a blank one only where the line is blank."""
        return self.is_open and (bool(text.strip()) or not self.line.text.strip())

    def fill(self, text: str) -> None:
        """Set the translation."""
        self._text = text
        self._settled.set()

    def leave(self) -> None:
        """Leave the unit as it was spoken, without a translation."""
        self._text = None
        self._settled.set()

    def fail(self, error: BaseException) -> None:
        """Set the error; ignored where there is a translation already."""
        if self.is_open:
            self._error = error
            self._settled.set()

    async def translated(self, distributor: TranslationDistributor) -> list[Cue]:
        """Wait for the next revisions of the unit's cues.

        Raises:
            BaseException: the error that was set with ``fail``.
        """
        await self._settled.wait()
        if self._error is not None:
            raise self._error
        cues: Sequence[Cue] = self.unit.cues
        if self._text is None:
            cues = [replace(cue, translation=None, translation_runs=()) for cue in cues]
        elif self.pair.is_same:
            cues = [replace(cue, translation=cue.text, translation_runs=cue.runs) for cue in cues]
        else:
            cues, unstyled = self.styled.translated(self._text, distributor)
            self.unstyled = tuple(unstyled)
        return [replace(cue, revision=cue.revision + 1) for cue in cues]


class UnitBatcher:
    """Queue that groups units into batches for the translator.

    Args:
        translator: says how large batches are at most, and how many are in flight by now.
    """

    def __init__(self, translator: Translator) -> None:
        self._sizes = translator.batch_sizes
        self._translator = translator
        self._waiting: deque[PendingUnit] = deque()
        self._in_flight: set[PendingUnit] = set()
        self._batches = 0
        self._changed = asyncio.Event()
        self._ended = False

    def add(self, unit: PendingUnit) -> None:
        """Queue a unit."""
        self._waiting.append(unit)
        self._changed.set()

    def end(self) -> None:
        """Close the queue: no unit follows."""
        self._ended = True
        self._changed.set()

    async def batch(self) -> list[PendingUnit]:
        """Wait for a unit, then a moment for others of the same language pair.

        The first batch leaves as soon as it is full. From then on each concurrent request takes
        an equal share of all units not answered yet, no less than the first batch and no more
        than the translator allows: so the requests end together, and none is made for a line or
        two. Batches grow step by step only where one round of requests cannot take everything.

        Returns:
            Units in order; none once the end is reached.
        """
        await self._wait_for(1, None)
        if not self._waiting:
            return []
        first = self._waiting[0]
        await self._wait_for(self._sizes[0], first.unit.arrived_s + LINGER_S)
        if self._batches:
            await self._wait_for_burst()
        near = islice(self._waiting, self._size())
        batch = list(takewhile(lambda unit: unit.pair == first.pair, near))
        for _ in batch:
            self._waiting.popleft()
        self._in_flight.update(batch)
        self._batches += 1
        return batch

    def _size(self) -> int:
        """Return how many lines the next batch takes."""
        self._in_flight = {unit for unit in self._in_flight if unit.is_open}
        share = -(-(len(self._waiting) + len(self._in_flight)) // self._translator.concurrency)
        rank = min(self._batches, len(self._sizes) - 1)
        is_one_round = self._batches > 0 and share <= self._sizes[-1]
        limit = self._sizes[-1] if is_one_round else self._sizes[rank]
        return min(limit, max(self._sizes[0], share))

    async def _wait_for_burst(self) -> None:
        """Wait while units arrive in quick succession, so that equal shares can be computed."""
        clock_s = asyncio.get_running_loop().time
        enough, deadline_s = self._sizes[-1] * self._translator.concurrency, clock_s() + LINGER_S
        while len(self._waiting) < enough and not self._ended:
            count = len(self._waiting)
            await self._wait_for(count + 1, min(deadline_s, clock_s() + _BURST_GAP_S))
            if len(self._waiting) == count:
                return

    async def _wait_for(self, count: int, deadline_s: float | None) -> None:
        """Wait until ``count`` units are queued, the queue is closed or the deadline passes."""
        try:
            async with asyncio.timeout_at(deadline_s):
                while len(self._waiting) < count and not self._ended:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
