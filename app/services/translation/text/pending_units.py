"""Factory of pending units."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.language import known_language
from app.domain.profile import ReadingProfile
from app.services.translation.text.batches import PendingUnit
from app.services.translation.text.styled_unit import StyledUnit
from app.services.translation.text.units import Unit
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translation_memory import unit_key
from app.services.translation.translator import TOLERATED_LENGTH, LanguagePair, SourceLine


def room_chars(cues: Sequence[Cue], profile: ReadingProfile) -> int:
    """Return how many characters can be read while the cues are on screen.

    Returns:
        Columns as ``layout.width`` counts them: a Latin letter is one, an East Asian wide
        character two. At least one for each cue.
    """
    return sum(_max_chars(cue, profile) for cue in cues)


def _max_chars(cue: Cue, profile: ReadingProfile) -> int:
    readable = int(profile.max_cps * cue.span.duration_ms / 1000)
    return max(1, min(profile.max_chars, readable))


_CONTEXT_LINES = 3
"""Preceding source lines that are sent along as context."""


class PendingUnitFactory:
    """Makes the pending units of one job, in order, with their preceding lines as context.

    Args:
        job: target language and translation memory.
        keeps_tags: whether the translator returns the tags of a line.
    """

    def __init__(self, job: TranslationJob, *, keeps_tags: bool) -> None:
        self._job = job
        self._keeps_tags = keeps_tags
        self._before: deque[SourceLine] = deque(maxlen=_CONTEXT_LINES)
        self._reached_ms = 0

    def make(self, unit: Unit) -> PendingUnit:
        """Return a pending unit, filled where its translation exists already."""
        if unit.start_ms < self._reached_ms:
            self._before.clear()
        self._reached_ms = unit.start_ms
        pending = self._pending_unit(unit)
        self._before.append(pending.line)
        translation = unit.cues[0].translation
        if translation:
            pending.fill(translation)
        elif pending.pair.is_same:
            pending.fill(unit.text)
        elif self._job.memory is not None:
            known = self._job.memory.get(pending.key)
            if known is not None and pending.takes(known):
                pending.fill(known)
        return pending

    def _room_chars(self, cues: Sequence[Cue]) -> int:
        """Return the room of a translation; smaller by what is tolerated where nothing may be."""
        room = room_chars(cues, self._job.profile)
        return max(1, int(room / TOLERATED_LENGTH)) if self._job.profile.free_translations else room

    def _pending_unit(self, unit: Unit) -> PendingUnit:
        styled = StyledUnit.of(unit.cues, unit.text, keeps_tags=self._keeps_tags)
        max_chars = self._room_chars(unit.cues) + styled.sent.added_chars
        previous = self._before[-1].text if self._before else ""
        return PendingUnit(
            unit,
            LanguagePair(known_language(unit.language), self._job.target),
            SourceLine(unit.id, styled.sent.text, max_chars),
            styled,
            tuple(self._before),
            unit_key(styled.sent.text, unit.language, previous, max_chars),
        )
