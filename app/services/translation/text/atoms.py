"""Atoms: the pieces of a translation that no cut between two cues goes through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path

import budoux
import langcodes

from app.domain.language import Language
from app.services.layout.tokens import Token, is_unspaced, split_spaces, tokenize
from app.services.layout.width import text_width

_MODELS = {
    "Jpan": "ja",
    "Hans": "zh-hans",
    "Hant": "zh-hant",
    "Thai": "th",
}
"""BudouX's models by script. Source: BudouX (Google), a classifier of the characters around a
place, trained on where people break lines."""


def phrase_starts(text: str, language: Language) -> frozenset[int] | None:
    """Return the places within a text at which a phrase begins.

    Args:
        text: without spaces.
        language: that it is written in.

    Returns:
        Indexes into the text, 0 not among them; None where nobody knows the language's phrases.
    """
    name = _model_name(language)
    if name is None:
        return None
    phrases = _parser(name).parse(text)
    return frozenset(accumulate(len(phrase) for phrase in phrases[:-1]))


@cache
def _model_name(language: Language) -> str | None:
    return _MODELS.get(str(langcodes.Language.get(language.tag).maximize().script))


@cache
def _parser(name: str) -> budoux.Parser:
    path = Path(budoux.__file__).parent / "models" / f"{name}.json"
    return budoux.Parser(json.loads(path.read_text(encoding="utf-8")))


_MARKUP = re.compile(r"(?:<\w[^<>]*>\s*)+\S?|\S?(?:\s*</[^<>]*>)+|\{\\[^{}]*\}\s*\S?")
"""A tag, with the character that it belongs to: what opens stays with what follows it, what
closes with what precedes it."""

_FIGURE = re.compile(r"[+\-−]?\d+(?:[.,:/’'%-]?\d+|[ \u00a0\u202f]\d{3}(?!\d))*(?:\s?[%‰°])?")
"""Figures, times, dates and ranges: ``1 000 000``, ``3,5 %``, ``10:30``, ``1914-18``."""

_LONE_MARKS = re.compile(r"\s[^\w\s¿¡«“‘\"'(\[{<♪♫—–-]+(?=\s|$)")
"""Punctuation after a space, as French writes it: it belongs to the word before."""


@dataclass(frozen=True, slots=True)
class AtomCutter:
    """Cuts translations of one job.

    Attributes:
        language: they are written in.
        terms: never cut; the glossary's.
    """

    language: Language
    terms: tuple[str, ...] = ()

    def cut(self, text: str) -> list[Token]:
        """Return the words of a text, or its phrases where it writes no spaces."""
        return list(self._atoms(" ".join(split_spaces(text)), finest=False))

    def cut_finest(self, text: str) -> list[Token]:
        """Return the smallest pieces that a text without spaces can be cut into."""
        return list(self._atoms(" ".join(split_spaces(text)), finest=True))

    def _atoms(self, text: str, *, finest: bool) -> Iterator[Token]:
        bound = self._bound(text)
        starts = [at for at in self._starts(text, finest=finest) if at not in bound]
        for begin, end in pairwise([0, *starts, len(text)]):
            piece = text[begin:end].rstrip(" ")
            yield Token(piece, begin == 0 or text[begin - 1] != " ", text_width(piece))

    def _starts(self, text: str, *, finest: bool) -> Iterator[int]:
        """Yield the places at which an atom might begin, the first one's apart."""
        begin = 0
        for chunk in text.split(" "):
            if begin:
                yield begin
            for at in self._within(chunk, finest=finest):
                yield begin + at
            begin += len(chunk) + 1

    def _within(self, chunk: str, *, finest: bool) -> list[int]:
        """Return the places within a text without spaces, none of them bad for a line's end."""
        places = list(accumulate(len(token.text) for token in tokenize(chunk)[:-1]))
        phrases = None if finest or not places else phrase_starts(chunk, self.language)
        if phrases is None:
            return places
        return [at for at in places if at in phrases or _is_edge(chunk, at)]

    def _bound(self, text: str) -> set[int]:
        """Return the places at which nothing may begin."""
        patterns = [_MARKUP, _FIGURE, _LONE_MARKS, *map(_pattern, self.terms)]
        found = (match for pattern in patterns for match in pattern.finditer(text))
        return {at for match in found for at in range(match.start() + 1, match.end())}


def _is_edge(chunk: str, at: int) -> bool:
    """Whether a dash in front allows a cut."""
    return chunk[at - 1] == "—" and not is_unspaced(chunk[at])


def _pattern(term: str) -> re.Pattern[str]:
    words: Sequence[str] = term.split()
    return re.compile(r"\s+".join(map(re.escape, words)) or r"(?!)", re.IGNORECASE)
