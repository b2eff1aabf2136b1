"""Account of what was done to the answers of models, and the notices about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from app.domain.events import Notice
from app.services.translation.translation_notices import (
    doubtful_translations,
    tidied_translations,
)

_NAMED_CUES = 20
"""Cues that a notice names by their ids; of more it says how many."""


class AnswerRemarks:
    """What was removed from translations of one job or put back, and which ones are doubtful.

    Args:
        unit: what ids count, in the notices.
    """

    def __init__(self, unit: str = "cue") -> None:
        self._unit = unit
        self._changes: dict[str, set[int]] = {}
        self._doubts: dict[str, set[int]] = {}

    def changed(self, line_id: int, kinds: Sequence[str]) -> None:
        """Record the kinds of what was removed from a translation or put back."""
        for kind in kinds:
            self._changes.setdefault(kind, set()).add(line_id)

    def doubted(self, line_id: int, reason: str) -> None:
        """Record why a translation is doubtful that the model insists on."""
        self._doubts.setdefault(reason, set()).add(line_id)

    def notices(self) -> Iterator[Notice]:
        """Yield a notice of the changes and one of the doubts, each where there are any."""
        if self._changes:
            yield tidied_translations(self._listed(self._changes))
        if self._doubts:
            yield doubtful_translations(self._listed(self._doubts))

    def _listed(self, ids_by_kind: Mapping[str, set[int]]) -> str:
        return "; ".join(
            f"{kind} ({self._named(ids)})" for kind, ids in sorted(ids_by_kind.items())
        )

    def _named(self, ids: set[int]) -> str:
        first = ", ".join(map(str, sorted(ids)[:_NAMED_CUES]))
        more = f" and {len(ids) - _NAMED_CUES} more" if len(ids) > _NAMED_CUES else ""
        return f"{self._unit}{'s' * (len(ids) > 1)} {first}{more}"
