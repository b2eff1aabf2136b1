"""What of a batch is still to be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import islice

from app.services.translation.quality.line_checks import MISSING, SAME_AS_ANOTHER, Fault, letters_of
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
"""Lines in one request at most. Source: measurements of others, who lose lines beyond 25."""


@dataclass(frozen=True, slots=True)
class LineBatch:
    """What one request asks for.

    Attributes:
        lines: by the key that stands for them in this request, "1" to "n".
        pair: from which language into which.
        before: source lines for context.
        faults: what was wrong with the last answer, by key.
        context: what the whole job shares.
    """

    lines: dict[str, SourceLine]
    pair: LanguagePair
    before: tuple[SourceLine, ...]
    faults: dict[str, str]
    context: TranslationContext = NO_CONTEXT


class PendingLines:
    """The lines of a batch, struck off one by one as their translations come."""

    def __init__(
        self,
        lines: Sequence[SourceLine],
        pair: LanguagePair,
        before: Sequence[SourceLine],
        context: TranslationContext = NO_CONTEXT,
    ) -> None:
        self._missing = {line.id: line for line in lines if not is_wordless(line.text)}
        self._faults: dict[int, str] = {}
        self._refused: dict[int, str] = {}
        self._alike: Counter[int] = Counter()
        self._condemned: set[str] = set()
        self._pair = pair
        self._before = tuple(before)
        self._context = context

    @property
    def missing(self) -> list[int]:
        """Ids of the lines without a translation, in order."""
        return list(self._missing)

    def groups(self, size: int = MAX_LINES) -> list[list[int]]:
        """Return the missing lines in groups of at most that size.

        Lines that had the same translation as others twice are asked alone: beside one another
        they may get it again, rightly so, and nobody can tell.
        """
        alone = [number for number in self.missing if self._alike[number] > 1]
        ids = (number for number in self.missing if self._alike[number] < 2)
        return list(iter(lambda: list(islice(ids, size)), [])) + [[number] for number in alone]

    def ask(self, group: Sequence[int]) -> LineBatch:
        """Ask for those lines of a group that are still missing, numbered anew."""
        ids = [number for number in group if number in self._missing]
        keys = dict(enumerate(ids, start=1))
        return LineBatch(
            lines={str(key): self._missing[number] for key, number in keys.items()},
            pair=self._pair,
            before=self._before,
            faults={
                str(key): self._faults[number]
                for key, number in keys.items()
                if number in self._faults
            },
            context=self._context,
        )

    def is_missing(self, line: SourceLine) -> bool:
        """Whether a line has no translation yet."""
        return line.id in self._missing

    def condemn(self, texts: Set[str]) -> None:
        """Note answers that the model gives whatever the line says."""
        self._condemned |= texts

    def is_condemned(self, text: str) -> bool:
        """Whether an answer is one of those."""
        return letters_of(text) in self._condemned

    def take(self, line: SourceLine) -> None:
        """Strike off a line that has its translation."""
        del self._missing[line.id]

    def refuse(self, line: SourceLine, text: str, fault: Fault) -> None:
        """Note why a line's translation was not taken."""
        self._faults[line.id] = fault.text
        self._refused[line.id] = letters_of(text)
        if fault is SAME_AS_ANOTHER:
            self._alike[line.id] += 1

    def insists(self, line: SourceLine, text: str, fault: Fault) -> bool:
        """Whether the model gives an answer again that was refused, and may have it."""
        return not fault.lasting and self._refused.get(line.id) == letters_of(text)

    def answered(self, ask: LineBatch) -> None:
        """Note that the answer is complete: what it lacks was left out."""
        for line in ask.lines.values():
            if line.id in self._missing:
                self._faults.setdefault(line.id, MISSING.text)
