"""Checker of one answer: decides which members become translations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.domain.dialogue import with_turns
from app.services.translation.quality.cross_line_checks import CrossLineChecks
from app.services.translation.quality.length_ratio import LengthRatio
from app.services.translation.quality.line_batch import LineBatch, Member, PendingLines
from app.services.translation.quality.line_checks import (
    SAME_AS_ANOTHER,
    Defect,
    find_defect,
    looks_foreign,
)
from app.services.translation.translator import SourceLine

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)]) | {ord("\t"): " "}
"""Characters that subtitle formats cannot carry."""


class AnswerChecker:
    """Checks one answer: each line by itself at once, the lines together at the end.

    Unsuspicious lines are accepted while the model still writes. From the first suspicious one on
    they wait: it may be the beginning of a shift, which only the whole answer shows.

    Args:
        batch: the lines of the request.
        pending: records accepted and rejected lines.
        length_ratio: of the two languages.
        prompt: our instructions, which the model may repeat.

    Attributes:
        misnumbered: whether lines stood under the numbers of others.
    """

    def __init__(
        self, batch: LineBatch, pending: PendingLines, length_ratio: LengthRatio, prompt: str
    ) -> None:
        self.misnumbered = False
        self._batch = batch
        self._pending = pending
        self._length_ratio = length_ratio
        self._prompt = prompt
        self._cross_line = CrossLineChecks(
            [line.text for line in batch.lines.values()], length_ratio
        )
        self._places = {key: place for place, key in enumerate(batch.lines)}
        self._defects: dict[tuple[str, str], Defect | None] = {}

    def is_suspicious(self, member: Member) -> bool:
        """Whether a member must wait for the rest of the answer."""
        key, text = member[0], self._cleaned(member)
        return (
            self._defect(key, text) is not None
            or self._cross_line.is_suspicious(self._places[key], text)
            or bool(looks_foreign(text, self._batch.pair.target))
        )

    def accept(self, members: Sequence[Member], *, final: bool) -> Iterator[tuple[SourceLine, str]]:
        """Yield the lines that have their translation now.

        Args:
            members: those that passed at once, or at the end all that had to wait.
            final: whether the answer is complete.
        """
        accepted: dict[str, str] = {}
        for key, value in members:
            line, text = self._batch.lines[key], self._cleaned((key, value))
            if not self._pending.is_missing(line):
                continue
            self._cross_line.add(self._places[key], text)
            defect = self._defect(key, text)
            if defect is None and self._pending.is_rejected_text(text):
                defect = SAME_AS_ANOTHER
            if not self._reject(key, text, defect):
                accepted[key] = text
        if final:
            self._check_together(accepted)
        for key, text in accepted.items():
            line = self._batch.lines[key]
            self._length_ratio.learn(line.text, text)
            self._pending.accept(line)
            yield line, text

    def _cleaned(self, member: Member) -> str:
        return cleaned(member[1], self._batch.lines[member[0]].text)

    def _check_together(self, accepted: dict[str, str]) -> None:
        """Drop the lines that the others of the answer speak against."""
        waiting = {self._places[key] for key in accepted}
        defects = self._cross_line.defects(waiting, self._batch.pair)
        self.misnumbered = self._cross_line.misnumbered
        self._pending.reject_text(self._cross_line.boilerplate())
        for key in list(accepted):
            if self._reject(key, accepted[key], defects.get(self._places[key])):
                del accepted[key]

    def _reject(self, key: str, text: str, defect: Defect | None) -> bool:
        line = self._batch.lines[key]
        if defect is None or self._pending.is_confirmed(line, text, defect):
            return False
        self._pending.reject(line, text, defect)
        return True

    def _defect(self, key: str, text: str) -> Defect | None:
        if (key, text) not in self._defects:
            source = self._batch.lines[key].text
            self._defects[key, text] = find_defect(source, text, self._batch.pair, self._prompt)
        return self._defects[key, text]


def cleaned(value: str, source: str = "") -> str:
    """Return a translation as one paragraph that subtitle formats can carry.

    Line breaks stay between the turns of speakers: where the source has as many lines, and where
    a line begins as a speaker's does.
    """
    parts = (part.translate(_CONTROLS).strip() for part in value.splitlines())
    lines = [part for part in parts if part]
    if len(lines) == source.count("\n") + 1:
        return "\n".join(lines)
    return "\n".join(" ".join(turn) for turn in with_turns(lines))
