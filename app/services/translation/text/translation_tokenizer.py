"""Tokenizer of translations for cuts between cues."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from app.domain.language import Language
from app.services.layout.phrase_bounds import model_name, phrase_parser
from app.services.layout.tokens import Token, is_unspaced, split_spaces, tokenize
from app.services.layout.width import text_width


def phrase_starts(text: str, language: Language) -> frozenset[int] | None:
    """Return the positions within a text at which a phrase begins.

    Args:
        text: without spaces.
        language: language of the text.

    Returns:
        Indexes into the text, 0 not among them; None where there is no model for the language.
    """
    name = model_name(language.tag)
    if name is None:
        return None
    phrases = phrase_parser(name).parse(text)
    return frozenset(accumulate(len(phrase) for phrase in phrases[:-1]))


_MARKUP = re.compile(r"(?:<\w[^<>]*>\s*)+\S?|\S?(?:(?<!\s)\s*+</[^<>]*>)+|\{\\[^{}]*\}\s*\S?")
"""A tag with the character that it belongs to: an opening tag stays with the character after it,
a closing tag with the one before it."""

_FIGURE = re.compile(r"[+\-−]?\d++(?:[.,:/’'%-]\d++|[ \u00a0\u202f]\d{3}(?!\d))*+(?:\s?[%‰°])?")
"""Figures, times, dates and ranges: ``1 000 000``, ``3,5 %``, ``10:30``, ``1914-18``."""

_LONE_MARKS = re.compile(r"\s[^\w\s¿¡«“‘\"'(\[{<♪♫—–-]+(?=\s|$)")
"""Punctuation after a space, as in French: it belongs to the word before."""


@dataclass(frozen=True, slots=True)
class TranslationTokenizer:
    """Cuts translations of one job into uncuttable tokens.

    Attributes:
        language: language of the translations.
        terms: glossary terms, never cut.
    """

    language: Language
    terms: tuple[str, ...] = ()

    def cut(self, text: str) -> list[Token]:
        """Return the words of a text, or its phrases where its script has no spaces."""
        return list(self._tokens(" ".join(split_spaces(text)), finest=False))

    def cut_finest(self, text: str) -> list[Token]:
        """Return the smallest tokens that a text without spaces can be cut into."""
        return list(self._tokens(" ".join(split_spaces(text)), finest=True))

    def _tokens(self, text: str, *, finest: bool) -> Iterator[Token]:
        uncuttable = self._uncuttable(text)
        starts = [at for at in self._starts(text, finest=finest) if at not in uncuttable]
        for begin, end in pairwise([0, *starts, len(text)]):
            piece = text[begin:end].rstrip(" ")
            yield Token(piece, begin == 0 or text[begin - 1] != " ", text_width(piece))

    def _starts(self, text: str, *, finest: bool) -> Iterator[int]:
        """Yield the positions at which a token might begin, the first token's excluded."""
        begin = 0
        for chunk in text.split(" "):
            if begin:
                yield begin
            for at in self._starts_in_chunk(chunk, finest=finest):
                yield begin + at
            begin += len(chunk) + 1

    def _starts_in_chunk(self, chunk: str, *, finest: bool) -> list[int]:
        """Return the token starts within a text without spaces that suit a line break."""
        places = list(accumulate(len(token.text) for token in tokenize(chunk)[:-1]))
        phrases = None if finest or not places else phrase_starts(chunk, self.language)
        if phrases is None:
            return places
        return [at for at in places if at in phrases or _is_edge(chunk, at)]

    def _uncuttable(self, text: str) -> set[int]:
        """Return the positions at which no token may begin."""
        patterns = [_MARKUP, _FIGURE, _LONE_MARKS, *map(_pattern, self.terms)]
        found = (match for pattern in patterns for match in pattern.finditer(text))
        return {at for match in found for at in range(match.start() + 1, match.end())}


def _is_edge(chunk: str, at: int) -> bool:
    """Whether the position follows a dash that allows a cut."""
    return chunk[at - 1] == "—" and not is_unspaced(chunk[at])


def _pattern(term: str) -> re.Pattern[str]:
    words: Sequence[str] = term.split()
    return re.compile(r"\s+".join(map(re.escape, words)) or r"(?!)", re.IGNORECASE)
