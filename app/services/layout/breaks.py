"""Breaks between words, with their costs."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from app.domain.text import (
    MARKS_AROUND_WORDS,
    OPENING_MARKS,
    ends_clause,
    ends_sentence,
    is_abbreviation,
)
from app.services.layout import mark_breaks
from app.services.layout.break_rules.languages import word_classes
from app.services.layout.break_rules.word_classes import WordClasses
from app.services.layout.phrase_bounds import SEEN_CHARS, begins_phrase
from app.services.layout.tokens import is_unspaced

_CLOSING_CATEGORIES = frozenset(("Pe", "Pf", "Po", "Pd", "Mn", "Mc", "Me", "Cf"))
_OPENING_CATEGORIES = frozenset(("Ps", "Pi"))
_INVERTED = frozenset("¿¡")
_HONORIFICS = frozenset("おご御")
_YEARS = range(1000, 2100)
_PART_CHARS = 2
"""Longest word whose full stop may be that of a part of an abbreviation: ``p. m.``."""

_RATIO_WORDS = frozenset(("pour", "por", "per"))
"""Words between a number and *cent*."""


class Break(IntEnum):
    """Kinds of places, best first."""

    SENTENCE = 0
    CLAUSE = 1
    PHRASE = 2
    PLAIN = 3
    TIGHT = 4
    BAD = 5


BREAK_COST: Mapping[Break, float] = {
    Break.SENTENCE: 0.0,
    Break.CLAUSE: 3.0,
    Break.PHRASE: 10.0,
    Break.PLAIN: 22.0,
    Break.TIGHT: 28.0,
    Break.BAD: 40.0,
}
"""Cost of dividing a text between two cues there, against 100 times the square of how far the place
is off the even share, in cues: a comma wins over a plain gap while it is within 0.4 of a cue."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a place, besides the words on either side of it.

    Attributes:
        earlier: the word ahead of the word before the place.
        left: the last characters before it, of scripts without spaces.
        right: the first ones behind it.
    """

    earlier: str = ""
    left: str = ""
    right: str = ""


_NOTHING = Surroundings()

CONTEXT_WORDS = SEEN_CHARS
"""Words on either side of a place that decide of what kind it is, the nearest included."""


def break_at(texts: Sequence[str], index: int, language: str = "") -> Break:
    """Return the kind of break before one of several words; see `break_between`.

    Args:
        texts: words in order; those farther than ``CONTEXT_WORDS`` do not matter.
        index: of the word behind the place, at least 1.
        language: BCP 47 tag.
    """
    before, after = texts[index - 1], texts[index]
    around = Surroundings(texts[index - 2] if index > 1 else "")
    if is_unspaced(before[-1:] or " ") and is_unspaced(after[:1] or " "):
        around = Surroundings(
            left="".join(texts[max(0, index - CONTEXT_WORDS) : index])[-SEEN_CHARS:],
            right="".join(texts[index : index + CONTEXT_WORDS])[:SEEN_CHARS],
        )
    return break_between(before, after, language, around)


def break_between(
    before: str, after: str, language: str = "", around: Surroundings = _NOTHING
) -> Break:
    """Return the kind of break between two words of a language that follow one another.

    Args:
        before: the word ahead of the place, with its punctuation.
        after: the word behind it.
        language: BCP 47 tag; empty where it is not known, which knows fewer words.
        around: more of the text.
    """
    if not _may_begin(after) or not _may_end(before):
        return Break.BAD
    if mark_breaks.is_joined(before, after, around.earlier):
        return Break.BAD
    if mark_breaks.is_lyrics_end(before, after, around.earlier):
        return Break.SENTENCE
    stop = _with_word_before(before, around.earlier)
    if ends_sentence(stop, after, language):
        return Break.CLAUSE if mark_breaks.is_reported(before, after) else Break.SENTENCE
    if is_abbreviation(stop, language) or _is_label(before):
        return Break.BAD
    if ends_clause(before):
        return Break.CLAUSE
    if is_unspaced(before[-1]):
        return _between_characters(before, after, language, around)
    return _between_words(before, after, word_classes(language), around.earlier)


def _with_word_before(word: str, earlier: str) -> str:
    """Return a word with the one before it, which tells abbreviations: ``platform No. | 9``.

    Not one of another sentence: ``Oh. No. | He``.
    """
    is_apart = ends_clause(earlier) and len(earlier) > _PART_CHARS
    return word if not earlier or is_apart else f"{earlier} {word}"


def _is_label(word: str) -> bool:
    """Whether a word names a speaker, as subtitles for the deaf have it: ``ANNA:``."""
    return word.endswith(":") and word[:-1].isupper()


def _between_words(before: str, after: str, known: WordClasses, earlier: str) -> Break:
    first, second = known.plain(before), known.plain(after)
    if (
        first in known.leaning
        or second in known.followers
        or _is_contracted(before, known)
        or _is_counted(first, second, known)
        or _is_name(before, after, second, known)
        or _is_split_verb((before, after), (first, second), known, earlier)
        or _is_late_negation(earlier, before, second, known)
    ):
        return Break.BAD
    if second in known.opening and not ends_clause(after):
        return Break.PHRASE  # "the year before," leads to nothing
    if known.plain(earlier) in known.determiners and not _ends_group(before):
        return Break.TIGHT
    return Break.PLAIN


def _ends_group(word: str) -> bool:
    """Whether a word is followed by a mark, so that no noun phrase goes on behind it."""
    return not word[-1:].isalnum()


def _is_contracted(word: str, known: WordClasses) -> bool:
    """Whether a word is a pronoun with its verb, or a verb with its negation: *she's*, *isn't*."""
    bare = word.strip(MARKS_AROUND_WORDS).casefold().replace("’", "'")
    if bare.endswith("n't"):
        return True
    head, apostrophe, _ = bare.partition("'")
    return bool(apostrophe) and not known.elides and head in known.pronouns


def _is_counted(first: str, second: str, known: WordClasses) -> bool:
    """Whether a number stands ahead of what it counts; a year counts nothing."""
    if first in known.numbers or mark_breaks.is_clock(first):
        return second not in known.function_words
    if not mark_breaks.is_figure(first):
        return False
    if second in _RATIO_WORDS:
        return True
    is_year = len(first) == 4 and first.isdecimal() and int(first) in _YEARS
    return not (is_year and second in known.function_words)


def _is_name(before: str, after: str, second: str, known: WordClasses) -> bool:
    """Whether two words are a title and a name, or a first and a last name.

    Both names have a capital, and are not shouted.
    """
    if known.plain(before) in known.titles and after.lstrip(OPENING_MARKS)[:1].isupper():
        return True
    names = (before.strip(MARKS_AROUND_WORDS), after.strip(MARKS_AROUND_WORDS))
    if not all(name[:1].isupper() and name[1:] and not name.isupper() for name in names):
        return False
    return second not in known.function_words


def _is_split_verb(
    written: tuple[str, str], plain: tuple[str, str], known: WordClasses, earlier: str
) -> bool:
    """Whether an auxiliary and its verb stand side by side, in either order.

    A word with a capital, or behind an article, is a noun.
    """
    first, second = plain
    if first in known.split_auxiliaries:
        is_verb = written[1][:1].islower() and second.endswith(known.verb_endings)
        return is_verb and second not in known.function_words
    if second not in known.split_auxiliaries or not known.verb_endings:
        return False
    is_noun = not written[0][:1].islower() or known.plain(earlier) in known.determiners
    return not is_noun and first.endswith(known.verb_endings)


def _is_late_negation(earlier: str, before: str, second: str, known: WordClasses) -> bool:
    """Whether the second part of a negation follows the verb: *ne sait | pas*, *n'a | jamais*."""
    if second not in known.late_negations:
        return False
    head = before.strip(MARKS_AROUND_WORDS).casefold().replace("’", "'").partition("'")
    if head[1] and head[0] in known.negation_starts:
        return True
    return known.plain(earlier) in known.negation_starts or second in known.negations


def _between_characters(before: str, after: str, language: str, around: Surroundings) -> Break:
    """Judge a place of a script without spaces, by phrases where a model knows its language.

    Otherwise by the script: a Japanese phrase ends in hiragana, a loan word is all katakana.
    """
    if around.left and is_unspaced(after[0]):
        begins = begins_phrase(around.left, around.right, language)
        if begins is not None:
            return Break.PHRASE if begins else Break.BAD
    last, first = before[-1], after[0]
    if last in _HONORIFICS or (_is_katakana(last) and _is_katakana(first)):
        return Break.BAD
    return Break.PHRASE if _is_hiragana(last) and not _is_hiragana(first) else Break.PLAIN


def _is_hiragana(char: str) -> bool:
    return "\u3041" <= char <= "\u309f"


def _is_katakana(char: str) -> bool:
    return "\u30a0" <= char <= "\u30ff"


def _may_begin(word: str) -> bool:
    """Whether a line may begin with a word: not with one that is all closing punctuation."""
    if word[:1] in _INVERTED or word[:1].isalnum():
        return True
    return any(unicodedata.category(char) not in _CLOSING_CATEGORIES for char in word)


def _may_end(word: str) -> bool:
    """Whether a line may end with a word: not with opening punctuation."""
    last = word[-1]
    return last not in _INVERTED and unicodedata.category(last) not in _OPENING_CATEGORIES
