"""Checker of one answer: decides which members become translations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.services.translation.quality.answer_tidying import TidyAnswer, tidied
from app.services.translation.quality.cross_line_checks import CrossLineChecks
from app.services.translation.quality.defect import Defect
from app.services.translation.quality.length_ratio import LengthRatio
from app.services.translation.quality.line_batch import LineBatch, Member, PendingLines
from app.services.translation.quality.line_checks import (
    SAME_AS_ANOTHER,
    find_defect,
    looks_foreign,
)
from app.services.translation.translator import SourceLine


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
        self._tidied: dict[tuple[str, str], TidyAnswer] = {}

    def is_suspicious(self, member: Member) -> bool:
        """Whether a member must wait for the rest of the answer."""
        key, text = member[0], self._tidy(*member).text
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
        accepted: dict[str, TidyAnswer] = {}
        for key, value in members:
            line, answer = self._batch.lines[key], self._tidy(key, value)
            text = answer.text
            if not self._pending.is_missing(line):
                continue
            self._cross_line.add(self._places[key], text)
            defect = self._defect(key, text)
            if defect is None and self._pending.is_rejected_text(text):
                defect = SAME_AS_ANOTHER
            if not self._reject(key, text, defect):
                accepted[key] = answer
        if final:
            self._check_together(accepted)
        for key, answer in accepted.items():
            line, text = self._batch.lines[key], answer.text
            self._report(key, answer)
            self._length_ratio.learn(line.text, text)
            self._pending.accept(line)
            yield line, text

    def _check_together(self, accepted: dict[str, TidyAnswer]) -> None:
        """Drop the lines that the others of the answer speak against."""
        waiting = {self._places[key] for key in accepted}
        defects = self._cross_line.defects(waiting, self._batch.pair)
        self.misnumbered = self._cross_line.misnumbered
        self._pending.reject_text(self._cross_line.boilerplate())
        for key in list(accepted):
            if self._reject(key, accepted[key].text, defects.get(self._places[key])):
                del accepted[key]

    def _reject(self, key: str, text: str, defect: Defect | None) -> bool:
        line = self._batch.lines[key]
        if defect is None or self._pending.is_confirmed(line, text, defect):
            return False
        self._pending.reject(line, text, defect)
        return True

    def _report(self, key: str, answer: TidyAnswer) -> None:
        """Report what was changed in an accepted translation, and what remains doubtful."""
        remarks, line = self._batch.context.remarks, self._batch.lines[key]
        if remarks is None:
            return
        remarks.changed(line.id, answer.changes)
        defect = self._defect(key, answer.text)
        if defect is not None and defect.is_told:
            remarks.doubted(line.id, defect.text)

    def _tidy(self, key: str, value: str) -> TidyAnswer:
        if (key, value) not in self._tidied:
            source = self._batch.lines[key].text
            self._tidied[key, value] = tidied(source, value, self._batch.pair.target, key)
        return self._tidied[key, value]

    def _defect(self, key: str, text: str) -> Defect | None:
        if (key, text) not in self._defects:
            source = self._batch.lines[key].text
            self._defects[key, text] = find_defect(source, text, self._batch.pair, self._prompt)
        return self._defects[key, text]
