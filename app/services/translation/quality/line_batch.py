"""Lines of a batch that still lack a translation."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from app.services.translation.quality.defect import Defect
from app.services.translation.quality.line_checks import (
    MISSING,
    letters_of,
)
from app.services.translation.text.wordless import is_wordless
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
)

Member = tuple[str, str]
"""Key and text of one line of an answer."""

MAX_LINES = 16
"""Lines in one request at most. Source: published measurements, which lose lines beyond 25."""


@dataclass(frozen=True, slots=True)
class LineBatch:
    """The lines of one request.

    Attributes:
        lines: by their key in this request, "1" to "n".
        pair: of languages.
        before: source lines for context.
        defects: of the last answer, by key.
        context: shared by the whole job.
    """

    lines: dict[str, SourceLine]
    pair: LanguagePair
    before: tuple[SourceLine, ...]
    defects: dict[str, str]
    context: TranslationContext = NO_CONTEXT


class PendingLines:
    """The lines of a batch that have no accepted translation yet."""

    def __init__(
        self,
        lines: Sequence[SourceLine],
        pair: LanguagePair,
        before: Sequence[SourceLine],
        context: TranslationContext = NO_CONTEXT,
    ) -> None:
        self._missing = {line.id: line for line in lines if not is_wordless(line.text)}
        self._defects: dict[int, str] = {}
        self._rejected: dict[int, str] = {}
        self._rejected_texts: set[str] = set()
        self._pair = pair
        self._before = tuple(before)
        self._context = context

    @property
    def missing(self) -> list[int]:
        """Ids of the lines without a translation, in order."""
        return list(self._missing)

    def groups(self, size: int = MAX_LINES) -> list[list[int]]:
        """Return the missing lines in groups of at most that size."""
        ids = self.missing
        return [ids[start : start + size] for start in range(0, len(ids), size)]

    def batch(self, group: Sequence[int]) -> LineBatch:
        """Return the lines of a group that are still missing, numbered anew."""
        ids = [number for number in group if number in self._missing]
        keys = dict(enumerate(ids, start=1))
        return LineBatch(
            lines={str(key): self._missing[number] for key, number in keys.items()},
            pair=self._pair,
            before=self._before,
            defects={
                str(key): self._defects[number]
                for key, number in keys.items()
                if number in self._defects
            },
            context=self._context,
        )

    def is_missing(self, line: SourceLine) -> bool:
        """Whether a line has no translation yet."""
        return line.id in self._missing

    def reject_text(self, texts: Set[str]) -> None:
        """Record texts that the model answers whatever the line is."""
        self._rejected_texts |= texts

    def is_rejected_text(self, text: str) -> bool:
        """Whether a text is one of those."""
        return letters_of(text) in self._rejected_texts

    def accept(self, line: SourceLine) -> None:
        """Remove a line that has its translation."""
        del self._missing[line.id]

    def reject(self, line: SourceLine, text: str, defect: Defect) -> None:
        """Record why a line's translation was rejected."""
        self._defects[line.id] = defect.text
        self._rejected[line.id] = letters_of(text)

    def is_confirmed(self, line: SourceLine, text: str, defect: Defect) -> bool:
        """Whether the model repeats a rejected answer that it may be right about."""
        return not defect.lasting and self._rejected.get(line.id) == letters_of(text)

    def finish(self, batch: LineBatch) -> None:
        """Record the lines that a complete answer left out."""
        for line in batch.lines.values():
            if line.id in self._missing:
                self._defects.setdefault(line.id, MISSING.text)
