"""Which members of one answer become translations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.services.translation.quality.cross_line_checks import CrossLineChecks
from app.services.translation.quality.length_ratio import LengthRatio
from app.services.translation.quality.line_batch import LineBatch, Member, PendingLines
from app.services.translation.quality.line_checks import (
    SAME_AS_ANOTHER,
    Fault,
    fault_of,
    is_copy,
    looks_foreign,
)
from app.services.translation.translator import SourceLine

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)]) | {ord("\t"): " "}
"""Characters that subtitle formats cannot carry."""


class Judge:
    """Judges one answer: each line by itself at once, its lines together at the end.

    Lines that nothing speaks against leave while the model still writes. From the first doubt
    on they wait: what looks odd may be the beginning of a shift, and only the whole answer tells.

    Args:
        ask: what was asked.
        work: told what is taken and what is refused.
        proportion: of the two languages.
        told: what we have said to the model.

    Attributes:
        misnumbered: whether lines stood under the numbers of others.
    """

    def __init__(
        self, ask: LineBatch, work: PendingLines, proportion: LengthRatio, told: str
    ) -> None:
        self.misnumbered = False
        self._ask = ask
        self._work = work
        self._proportion = proportion
        self._told = told
        self._fellows = CrossLineChecks([line.text for line in ask.lines.values()], proportion)
        self._places = {key: place for place, key in enumerate(ask.lines)}
        self._faults: dict[tuple[str, str], Fault | None] = {}

    def doubts(self, member: Member) -> bool:
        """Whether a member gives reason to wait for the rest of the answer.

        A model that is asked again has made mistakes before, so all of that answer waits.
        """
        if self._ask.faults:
            return True
        key, text = member[0], cleaned(member[1])
        source = self._ask.lines[key].text
        return (
            self._fault(key, text) is not None
            or is_copy(source, text)
            or self._fellows.doubts(self._places[key], text)
            or bool(looks_foreign(text, self._ask.pair.target))
        )

    def take(self, members: Sequence[Member], *, final: bool) -> Iterator[tuple[SourceLine, str]]:
        """Yield the lines that have their translation now.

        Args:
            members: some that passed at once, or at the end all that had to wait.
            final: whether the answer is complete.
        """
        kept: dict[str, str] = {}
        for key, value in members:
            line, text = self._ask.lines[key], cleaned(value)
            if not self._work.is_missing(line):
                continue
            self._fellows.say(self._places[key], text)
            fault = self._fault(key, text)
            if fault is None and self._work.is_condemned(text):
                fault = SAME_AS_ANOTHER
            if not self._refused(key, text, fault):
                kept[key] = text
        if final:
            self._judge_together(kept)
        for key, text in kept.items():
            line = self._ask.lines[key]
            self._proportion.learn(line.text, text)
            self._work.take(line)
            yield line, text

    def _judge_together(self, kept: dict[str, str]) -> None:
        """Drop what the lines of the answer say about one another."""
        held = {self._places[key] for key in kept}
        faults = self._fellows.faults(held, self._ask.pair)
        self.misnumbered = self._fellows.misnumbered
        self._work.condemn(self._fellows.mantras())
        for key in list(kept):
            if self._refused(key, kept[key], faults.get(self._places[key])):
                del kept[key]

    def _refused(self, key: str, text: str, fault: Fault | None) -> bool:
        line = self._ask.lines[key]
        if fault is None or self._work.insists(line, text, fault):
            return False
        self._work.refuse(line, text, fault)
        return True

    def _fault(self, key: str, text: str) -> Fault | None:
        if (key, text) not in self._faults:
            source = self._ask.lines[key].text
            self._faults[key, text] = fault_of(source, text, self._ask.pair, self._told)
        return self._faults[key, text]


def cleaned(value: str) -> str:
    """Return a translation as one paragraph that subtitle formats can carry."""
    parts = (part.translate(_CONTROLS).strip() for part in value.splitlines())
    return " ".join(part for part in parts if part)
