"""From units to slots: what is asked of the translator, and what need not be asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.language import known_language
from app.domain.profile import ReadingProfile
from app.services.translation.text.batches import PendingUnit
from app.services.translation.text.units import Unit
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translation_memory import unit_key
from app.services.translation.translator import LanguagePair, SourceLine


def room_chars(cues: Sequence[Cue], profile: ReadingProfile) -> int:
    """Return the characters that can be read while the cues show, one after another.

    Returns:
        Columns as ``layout.width`` counts them: a Latin letter is one, an East Asian wide
        character two. At least one for each cue.
    """
    return sum(_room(cue, profile) for cue in cues)


def _room(cue: Cue, profile: ReadingProfile) -> int:
    readable = int(profile.max_cps * cue.span.duration_ms / 1000)
    return max(1, min(profile.max_chars, readable))


_CONTEXT_LINES = 3
"""Source lines ahead of a batch that go with it as context."""


class PendingUnitFactory:
    """Makes the slots of one job, in order, remembering what came before.

    Args:
        job: says into which language, and holds the memo that is asked first.
    """

    def __init__(self, job: TranslationJob) -> None:
        self._job = job
        self._before: deque[SourceLine] = deque(maxlen=_CONTEXT_LINES)
        self._reached_ms = 0

    def make(self, unit: Unit) -> PendingUnit:
        """Return the unit's slot, filled where its translation is known already."""
        if unit.start_ms < self._reached_ms:
            self._before.clear()
        self._reached_ms = unit.start_ms
        slot = self._slot(unit)
        self._before.append(slot.line)
        if slot.pair.is_same:
            slot.fill(unit.text)
        elif self._job.memory is not None:
            known = self._job.memory.get(slot.key)
            if known is not None and slot.takes(known):
                slot.fill(known)
        return slot

    def _slot(self, unit: Unit) -> PendingUnit:
        room = room_chars(unit.cues, self._job.profile)
        previous = self._before[-1].text if self._before else ""
        return PendingUnit(
            unit,
            LanguagePair(known_language(unit.language), self._job.target),
            SourceLine(unit.id, unit.text, room),
            tuple(self._before),
            unit_key(unit.text, unit.language, previous, room),
        )
