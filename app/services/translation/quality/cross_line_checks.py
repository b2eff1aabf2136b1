"""What the lines of one answer say about one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from app.services.layout.width import text_width
from app.services.translation.quality.length_ratio import LengthRatio
from app.services.translation.quality.line_checks import (
    LONG_COLUMNS,
    SAME_AS_ANOTHER,
    Fault,
    foreign,
    letters_of,
    looks_foreign,
)
from app.services.translation.text.figures import figures
from app.services.translation.translator import LanguagePair

_MISNUMBERED = Fault("seemed to belong to another line")
_MERGED = Fault("held the next or last line's translation too")

_QUESTION_MARKS = frozenset("?？؟\u037e՞")
"""Of Latin, East Asian, Arabic, Greek and Armenian texts."""

_FOREIGN_SHARE = 0.3
"""Lines of an answer that may look as if they were in the wrong language."""


_MANTRA_LINES = 3
_MANTRA_COLUMNS = 24
"""Two lines may mean the same, and many short ones: so many long ones do not."""


class CrossLineChecks:
    """One answer's lines side by side.

    Args:
        sources: what was asked, in order.
        proportion: of the two languages.

    Attributes:
        misnumbered: whether lines stood under the numbers of others.
    """

    def __init__(self, sources: Sequence[str], proportion: LengthRatio) -> None:
        self.misnumbered = False
        self._sources = sources
        self._texts: list[str | None] = [None] * len(sources)
        self._proportion = proportion
        self._figures = [figures(source) for source in sources]
        self._own_letters = [letters_of(source) for source in sources]
        self._alike: dict[str, set[int]] = defaultdict(set)

    def say(self, place: int, text: str) -> None:
        """Note a line's translation."""
        self._texts[place] = text
        if text_width(text) >= LONG_COLUMNS:
            self._alike[letters_of(text)].add(place)

    def doubts(self, place: int, text: str) -> bool:
        """Whether a translation looks odd beside its line and those before it."""
        return (
            self._proportion.is_odd(self._sources[place], text)
            or _asks(self._sources[place]) != _asks(text)
            or bool(self._alien(place, text))
            or bool(self._same_as(place, text))
        )

    def faults(self, held: set[int], pair: LanguagePair) -> dict[int, Fault]:
        """Return what is wrong with lines that are still held, now that all are known.

        What the lines of an answer say about one another can be wrong. It is so for good, since
        a line that is asked alone at last has no fellows; its language alone is doubted then,
        until the model insists.
        """
        found: dict[int, Fault] = {}
        for place in sorted(held & set(self._foreign(pair))):
            found[place] = foreign(pair, lasting=len(self._sources) > 1)
        for place in held & set(self._merged()):
            found[place] = _MERGED
        start = self._shift()
        if start is not None:
            self.misnumbered = True
            found |= {place: _MISNUMBERED for place in held if place >= start}
        for place in held:
            if self._same_as(place, self._texts[place] or ""):
                found[place] = SAME_AS_ANOTHER
        return found

    def mantras(self) -> set[str]:
        """Return what was said for several long lines, by its letters: an answer to none."""
        return {
            letters
            for letters, places in self._alike.items()
            if len({self._own_letters[place] for place in places if self._is_long(place)})
            >= _MANTRA_LINES
        }

    def _is_long(self, place: int) -> bool:
        return text_width(self._sources[place]) >= _MANTRA_COLUMNS

    def _shift(self) -> int | None:
        """Return the first line that may have another's translation; None if all have theirs."""
        starts = [place - 1 for place in self._with_others_figures()]
        if any(place - 1 in self._same_as(place, text) for place, text in self._known()):
            starts.append(0)
        if self._texts[-1] is None:
            starts += [
                place
                for place, text in self._known()
                if self._proportion.is_long(self._sources[place], text)
            ]
        if None not in self._texts:
            texts = [text for text in self._texts if text is not None]
            shifted = self._proportion.shifted_from(self._sources, texts)
            starts += [] if shifted is None else [shifted]
        return min(starts, default=None)

    def _with_others_figures(self) -> Iterator[int]:
        """Yield lines whose number went to a neighbour, or that have a neighbour's number."""
        for place, text in self._known():
            own = self._figures[place]
            if own & figures(text):
                continue
            if self._alien(place, text) or (own and self._landed_nearby(place)):
                yield place

    def _landed_nearby(self, place: int) -> bool:
        return any(
            figures(self._texts[near] or "") & self._figures[place] - self._figures[near]
            for near in self._near(place)
        )

    def _alien(self, place: int, text: str) -> frozenset[str]:
        """Return numbers that a neighbour's line has and this one has not."""
        near = frozenset[str]().union(*(self._figures[other] for other in self._near(place)))
        return (figures(text) - self._figures[place]) & near

    def _merged(self) -> Iterator[int]:
        """Yield lines that seem to hold the translation of a neighbour which has none."""
        missing = {place for place, text in enumerate(self._texts) if text is None}
        lost = frozenset[str]().union(*(self._figures[place] for place in missing))
        for place, text in self._known():
            beside = missing.intersection(self._near(place))
            if figures(text) & lost - self._figures[place] or (
                beside and self._proportion.is_long(self._sources[place], text)
            ):
                yield place

    def _same_as(self, place: int, text: str) -> set[int]:
        """Return other lines that have the same long translation without being the same."""
        alike = self._alike.get(letters_of(text), set())
        return {other for other in alike if self._own_letters[other] != self._own_letters[place]}

    def _foreign(self, pair: LanguagePair) -> list[int]:
        """Return lines in the wrong language, if they are too many to be quotations."""
        looks = {place: looks_foreign(text, pair.target) for place, text in self._known()}
        wrong = [place for place, look in looks.items() if look]
        judged = sum(look is not None for look in looks.values())
        return wrong if len(wrong) > _FOREIGN_SHARE * judged else []

    def _known(self) -> Iterator[tuple[int, str]]:
        return ((place, text) for place, text in enumerate(self._texts) if text is not None)

    def _near(self, place: int) -> Iterator[int]:
        return (near for near in (place - 1, place + 1) if 0 <= near < len(self._sources))


def _asks(text: str) -> bool:
    return not _QUESTION_MARKS.isdisjoint(text)
