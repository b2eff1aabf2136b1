"""Checks across the lines of one answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from app.services.layout.width import text_width
from app.services.translation.quality.defect import Defect
from app.services.translation.quality.length_ratio import LengthRatio
from app.services.translation.quality.line_checks import (
    LONG_COLUMNS,
    SAME_AS_ANOTHER,
    letters_of,
    looks_foreign,
    wrong_language,
)
from app.services.translation.text.figures import figures
from app.services.translation.translator import LanguagePair

_MISNUMBERED = Defect("seemed to belong to another line")
_MERGED = Defect("held the next or last line's translation too")

_QUESTION_MARKS = frozenset("?？؟\u037e՞")
"""Of Latin, East Asian, Arabic, Greek and Armenian scripts."""

_FOREIGN_SHARE = 0.3
"""Share of an answer's lines that may look as if they were in the wrong language."""


_BOILERPLATE_LINES = 3
_BOILERPLATE_COLUMNS = 24
"""Two lines may mean the same, or many short ones; so many lines of such a width do not."""

_CURT_FACTOR = 5
"""A text that is so many times narrower than each of so many different lines says none of them:
``yes``."""


class CrossLineChecks:
    """Checks across the lines of one answer.

    Args:
        sources: the requested lines, in order.
        proportion: of the two languages.

    Attributes:
        misnumbered: whether lines stood under the numbers of others.
    """

    def __init__(self, sources: Sequence[str], length_ratio: LengthRatio) -> None:
        self.misnumbered = False
        self._sources = sources
        self._texts: list[str | None] = [None] * len(sources)
        self._length_ratio = length_ratio
        self._figures = [figures(source) for source in sources]
        self._own_letters = [letters_of(source) for source in sources]
        self._places_by_text: dict[str, set[int]] = defaultdict(set)

    def add(self, place: int, text: str) -> None:
        """Record a line's translation."""
        self._texts[place] = text
        if text_width(text) >= LONG_COLUMNS:
            self._places_by_text[letters_of(text)].add(place)

    def is_suspicious(self, place: int, text: str) -> bool:
        """Whether a translation looks odd beside its source and the lines before it."""
        return (
            self._length_ratio.is_odd(self._sources[place], text)
            or is_question(self._sources[place]) != is_question(text)
            or bool(self._neighbour_figures(place, text))
            or bool(self._same_as(place, text))
        )

    def defects(self, waiting: set[int], pair: LanguagePair) -> dict[int, Defect]:
        """Return the defects of the lines that wait, by place, at the end of an answer.

        They last although such evidence can be wrong, since a line that is requested alone at
        last has no neighbours; only its language is checked then, until the model repeats it.
        """
        found: dict[int, Defect] = {}
        for place in sorted(waiting & set(self._foreign(pair))):
            found[place] = wrong_language(pair, lasting=len(self._sources) > 1)
        for place in waiting & set(self._merged()):
            found[place] = _MERGED
        start = self._shift()
        if start is not None:
            self.misnumbered = True
            found |= {place: _MISNUMBERED for place in waiting if place >= start}
        boilerplate = self.boilerplate()
        for place in waiting:
            text = self._texts[place] or ""
            if self._same_as(place, text) or letters_of(text) in boilerplate:
                found[place] = SAME_AS_ANOTHER
        return found

    def boilerplate(self) -> set[str]:
        """Return the letters of texts that several long lines got: translations of none."""
        curt: dict[str, set[str]] = defaultdict(set)
        for place, text in self._known():
            if text_width(self._sources[place]) >= max(
                LONG_COLUMNS, _CURT_FACTOR * text_width(text)
            ):
                curt[letters_of(text)].add(self._own_letters[place])
        return {
            letters for letters, sources in curt.items() if len(sources) >= _BOILERPLATE_LINES
        } | {
            letters
            for letters, places in self._places_by_text.items()
            if len({self._own_letters[place] for place in places if self._is_long(place)})
            >= _BOILERPLATE_LINES
        }

    def _is_long(self, place: int) -> bool:
        return text_width(self._sources[place]) >= _BOILERPLATE_COLUMNS

    def _shift(self) -> int | None:
        """Return the first place that may have another line's translation; None for no shift."""
        return min(
            (
                *self._shift_by_figures(),
                *self._shift_by_repetition(),
                *self._shift_by_missing_last(),
                *self._shift_by_lengths(),
            ),
            default=None,
        )

    def _shift_by_figures(self) -> Iterator[int]:
        return (place - 1 for place in self._misplaced_figures())

    def _shift_by_repetition(self) -> Iterator[int]:
        """Yield the first place if a line has its neighbour's translation."""
        if any(place - 1 in self._same_as(place, text) for place, text in self._known()):
            yield 0

    def _shift_by_missing_last(self) -> Iterator[int]:
        """Yield places that may contain two lines' translations if the last line has none."""
        if self._texts[-1] is not None:
            return
        for place, text in self._known():
            if self._length_ratio.is_long(self._sources[place], text):
                yield place

    def _shift_by_lengths(self) -> Iterator[int]:
        texts = [text for text in self._texts if text is not None]
        if len(texts) == len(self._texts):
            start = self._length_ratio.shifted_from(self._sources, texts)
            if start is not None:
                yield start

    def _misplaced_figures(self) -> Iterator[int]:
        """Yield places whose figure went to a neighbour, or that have a neighbour's figure."""
        for place, text in self._known():
            own = self._figures[place]
            if own & figures(text):
                continue
            if self._neighbour_figures(place, text) or (own and self._landed_nearby(place)):
                yield place

    def _landed_nearby(self, place: int) -> bool:
        return any(
            figures(self._texts[near] or "") & self._figures[place] - self._figures[near]
            for near in self._near(place)
        )

    def _neighbour_figures(self, place: int, text: str) -> frozenset[str]:
        """Return figures of a text that a neighbour's source has and its own has not."""
        near = frozenset[str]().union(*(self._figures[other] for other in self._near(place)))
        return (figures(text) - self._figures[place]) & near

    def _merged(self) -> Iterator[int]:
        """Yield places that seem to contain the translation of a missing neighbour."""
        missing = {place for place, text in enumerate(self._texts) if text is None}
        yield from self._merged_by_figures(missing)
        yield from self._merged_by_length(missing)

    def _merged_by_figures(self, missing: set[int]) -> Iterator[int]:
        lost = frozenset[str]().union(*(self._figures[place] for place in missing))
        return (
            place for place, text in self._known() if figures(text) & lost - self._figures[place]
        )

    def _merged_by_length(self, missing: set[int]) -> Iterator[int]:
        return (
            place
            for place, text in self._known()
            if missing.intersection(self._near(place))
            and self._length_ratio.is_long(self._sources[place], text)
        )

    def _same_as(self, place: int, text: str) -> set[int]:
        """Return other places with the same long translation and another source."""
        alike = self._places_by_text.get(letters_of(text), set())
        return {other for other in alike if self._own_letters[other] != self._own_letters[place]}

    def _foreign(self, pair: LanguagePair) -> list[int]:
        """Return places in the wrong language, if they are too many to be quotations."""
        looks = {place: looks_foreign(text, pair.target) for place, text in self._known()}
        wrong = [place for place, look in looks.items() if look]
        decided = sum(look is not None for look in looks.values())
        return wrong if len(wrong) > _FOREIGN_SHARE * decided else []

    def _known(self) -> Iterator[tuple[int, str]]:
        return ((place, text) for place, text in enumerate(self._texts) if text is not None)

    def _near(self, place: int) -> Iterator[int]:
        return (near for near in (place - 1, place + 1) if 0 <= near < len(self._sources))


def is_question(text: str) -> bool:
    """Whether a text has a question mark."""
    return not _QUESTION_MARKS.isdisjoint(text)
