"""What of a batch is still to be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from app.services.translation.protocol import LanguagePair, Line
from app.services.translation.wordless import is_wordless

MAX_LINES = 16
"""Lines in one request at most. Source: measurements of others, who lose lines beyond 25."""

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)]) | {ord("\t"): " "}
"""Characters that subtitle formats cannot carry."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request asks for.

    Attributes:
        lines: by the key that stands for them in this request, "1" to "n".
        pair: from which language into which.
        before: source lines for context.
        faults: what was wrong with the last answer, by key.
    """

    lines: dict[str, Line]
    pair: LanguagePair
    before: tuple[Line, ...]
    faults: dict[str, str]


class OpenLines:
    """The lines of a batch, struck off one by one as their translations come."""

    def __init__(self, lines: Sequence[Line], pair: LanguagePair, before: Sequence[Line]) -> None:
        self._missing = {line.id: line for line in lines if not is_wordless(line.text)}
        self._faults: dict[int, str] = {}
        self._pair = pair
        self._before = tuple(before)

    @property
    def missing(self) -> list[int]:
        """Ids of the lines without a translation, in order."""
        return list(self._missing)

    def groups(self, size: int = MAX_LINES) -> list[list[int]]:
        """Return the missing lines in groups of at most that size."""
        ids = iter(self.missing)
        return list(iter(lambda: list(islice(ids, size)), []))

    def ask(self, group: Sequence[int]) -> Ask:
        """Ask for those lines of a group that are still missing, numbered anew."""
        ids = [number for number in group if number in self._missing]
        keys = dict(enumerate(ids, start=1))
        return Ask(
            lines={str(key): self._missing[number] for key, number in keys.items()},
            pair=self._pair,
            before=self._before,
            faults={
                str(key): self._faults[number]
                for key, number in keys.items()
                if number in self._faults
            },
        )

    def accept(self, ask: Ask, key: str, value: str) -> Iterator[tuple[int, str]]:
        """Yield the line's id and translation if this member is one that was asked for.

        A key that was not asked or has its translation already is ignored, whatever its value.
        """
        line = ask.lines.get(key)
        if line is None or line.id not in self._missing:
            return
        parts = (part.translate(_CONTROLS).strip() for part in value.splitlines())
        text = " ".join(part for part in parts if part)
        if not text:
            self._faults[line.id] = "was empty"
            return
        del self._missing[line.id]
        yield line.id, text

    def answered(self, ask: Ask) -> None:
        """Note that the answer is complete: what it lacks was left out."""
        for line in ask.lines.values():
            if line.id in self._missing:
                self._faults.setdefault(line.id, "was missing")
