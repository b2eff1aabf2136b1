"""Translation units: sentences reassembled from cues."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from app.domain.cue import Cue, Lane
from app.domain.style import Placement, common_style, ink_length, zone
from app.services.layout.tokens import join_texts
from app.services.layout.width import text_width
from app.services.translation.text.sentence_ends import (
    goes_on,
    is_clause,
    is_complete,
    is_punctuated,
    opens_turn,
    stands_alone,
)
from app.system.async_iterators import close_stage

LINGER_S = 0.3
"""Time a unit waits for its next cue: too short to notice, long enough for all cues of one
window, which arrive together."""

_PAUSE_MS = 700
"""Silence that separates two units. Source: our own choice between the 300 ms that a listener
notices and the 1500 ms over which no cue stays (``layout.layout_costs``)."""

_BARE_PAUSE_MS = 300
"""The same as long as no punctuation was seen: some transcribers write none, and then a pause is
the only sign of a sentence end. Half a second of a longer one may be hidden by a cue that
stays to be read."""

_MAX_CUES = 4
_MAX_WIDTH = 200
_MAX_DURATION_MS = 15_000
"""No unit is larger, a single cue apart: a viewer waits for all of it, and the longer it is, the
further a word may move away from when it was said."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A text that is translated as a whole: a sentence over one or more cues.

    Attributes:
        cues: at least one, in order, of one speaker, one language and one lane.
        arrived_s: arrival of its last cue, on the event loop's clock.
    """

    cues: tuple[Cue, ...]
    arrived_s: float = 0.0

    @property
    def id(self) -> int:
        """That of its first cue."""
        return self.cues[0].id

    @property
    def language(self) -> str:
        """BCP 47 tag, as its cues have it."""
        return self.cues[0].language

    @property
    def start_ms(self) -> int:
        """When its first cue appears."""
        return self.cues[0].span.start_ms

    @property
    def text(self) -> str:
        """Its cues' texts as one paragraph."""
        texts = [cue.text for cue in self.cues]
        return join_texts(texts)


async def build_units(cues: AsyncIterator[Cue], linger_s: float = LINGER_S) -> AsyncIterator[Unit]:
    """Yield the cues in units, each as soon as it is known to be whole.

    Args:
        cues: in order of arrival; closed when the caller stops.
        linger_s: a unit whose next cue is not there after this long is taken to be whole.

    Yields:
        Units that together hold every cue once, in order within each lane.

    Raises:
        Whatever ``cues`` raised, after what came before it.
    """
    incoming: asyncio.Queue[Cue | None] = asyncio.Queue(1)
    feeder = asyncio.create_task(_feed(cues, incoming))
    lanes = _OpenLanes()
    try:
        while (cue := await _next(incoming, linger_s if lanes.are_open else None)) is not None:
            for unit in lanes.add(cue) if isinstance(cue, Cue) else lanes.end():
                yield unit
        for unit in lanes.end():
            yield unit
        await feeder
    finally:
        feeder.cancel()
        await asyncio.gather(feeder, return_exceptions=True)


class _OpenUnit:
    """The unit to which cues are still added."""

    def __init__(self) -> None:
        self.cues: list[Cue] = []
        self._arrived_s = 0.0
        self._pause_ms = _BARE_PAUSE_MS

    def add(self, cue: Cue) -> list[Unit]:
        """Add a cue and return the units that it completes; one that is translated is its own."""
        if is_punctuated(cue.text):
            self._pause_ms = _PAUSE_MS
        if cue.translation:
            return [*self.end(), Unit((cue,), asyncio.get_running_loop().time())]
        whole = [] if self.cues and _belongs(self.cues, cue, self._pause_ms) else self.end()
        while self.cues and not _fits([*self.cues, cue]):
            whole.append(self._split_off())
        self.cues.append(cue)
        self._arrived_s = asyncio.get_running_loop().time()
        if is_complete(cue.text, cue.language) or stands_alone(cue.text):
            whole += self.end()
        elif _is_full(self.cues):
            whole.append(self._split_off())
        return whole

    def end(self) -> list[Unit]:
        """Return the cues so far as one unit."""
        cues, self.cues = self.cues, []
        return [Unit(tuple(cues), self._arrived_s)] if cues else []

    def _split_off(self) -> Unit:
        """Cut a unit that has grown too large, at the end of a clause if there is one."""
        ends = [at for at in range(2, len(self.cues) + 1) if is_clause(self.cues[at - 1].text)]
        at = ends[-1] if ends else len(self.cues)
        unit = Unit(tuple(self.cues[:at]), self._arrived_s)
        self.cues = self.cues[at:]
        return unit


class _OpenLanes:
    """The open unit of each lane: a sentence goes on behind a sign that interrupts it."""

    def __init__(self) -> None:
        self._units: defaultdict[Lane, _OpenUnit] = defaultdict(_OpenUnit)

    @property
    def are_open(self) -> bool:
        """Whether a unit waits for its next cue."""
        return any(unit.cues for unit in self._units.values())

    def add(self, cue: Cue) -> list[Unit]:
        """Add a cue and return the units that it completes; each sign is its own."""
        whole = self._units[cue.lane].add(cue)
        return whole + self._units[cue.lane].end() if cue.lane == "sign" else whole

    def end(self) -> list[Unit]:
        """Return the units so far, in order."""
        ended = [each for unit in self._units.values() for each in unit.end()]
        return sorted(ended, key=lambda unit: unit.id)


class _TimedOut:
    """Type of the marker that no cue arrived in time."""


_TIMED_OUT = _TimedOut()


async def _next(
    incoming: asyncio.Queue[Cue | None], linger_s: float | None
) -> Cue | _TimedOut | None:
    try:
        async with asyncio.timeout(linger_s):
            return await incoming.get()
    except TimeoutError:
        return _TIMED_OUT


async def _feed(cues: AsyncIterator[Cue], incoming: asyncio.Queue[Cue | None]) -> None:
    """Pass the cues on, then None.

    A task of its own, since a generator must not be cancelled while it is only late.
    """
    try:
        async for cue in cues:
            await incoming.put(cue)
    except asyncio.CancelledError:
        raise
    except BaseException:
        await incoming.put(None)
        raise
    else:
        await incoming.put(None)
    finally:
        await close_stage(cues)


def _belongs(cues: Sequence[Cue], cue: Cue, max_pause_ms: int) -> bool:
    """Whether a cue seems to continue the sentence of those before it."""
    last = cues[-1]
    speaker = next((each.speaker for each in cues if each.speaker is not None), None)
    pause_ms = cue.span.start_ms - last.span.end_ms
    return (
        cue.language == last.language
        and (None in (speaker, cue.speaker) or speaker == cue.speaker)
        and cue.span.start_ms >= last.span.start_ms
        and _is_in_one_place(last, cue)
        and pause_ms < max_pause_ms
        and not opens_turn(cue.text)
        and not stands_alone(cue.text)
        and goes_on(last.text, cue.text, cue.language)
    )


def _is_in_one_place(before: Cue, cue: Cue) -> bool:
    """Whether two cues may be one text: a sign, or another speaker's colour, is another one."""
    if before.placement != cue.placement:
        places = [each.placement or Placement() for each in (before, cue)]
        if zone(places[0]) != zone(places[1]):
            return False
    return _colour(before) == _colour(cue)


def _colour(cue: Cue) -> str | None:
    return common_style(cue.runs, ink_length(cue.text)).colour if cue.runs else None


def _fits(cues: Sequence[Cue]) -> bool:
    return (
        len(cues) <= _MAX_CUES
        and _duration_ms(cues) <= _MAX_DURATION_MS
        and _width(cues) <= _MAX_WIDTH
    )


def _is_full(cues: Sequence[Cue]) -> bool:
    """Whether no cue of any length could join."""
    return (
        len(cues) >= _MAX_CUES
        or _duration_ms(cues) >= _MAX_DURATION_MS
        or _width(cues) >= _MAX_WIDTH
    )


def _duration_ms(cues: Sequence[Cue]) -> int:
    return cues[-1].span.end_ms - cues[0].span.start_ms


def _width(cues: Sequence[Cue]) -> int:
    return sum(text_width(cue.text) for cue in cues)
