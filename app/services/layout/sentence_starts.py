"""Sentence starts in text without punctuation, by the classes of the words around a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from app.services.layout.break_rules.languages import WORD_CLASSES

PLACES = (-2, -1, 0, 1)
"""Words around a place that are looked at: two before it and two behind it."""

CLASSES = (
    "determiners",
    "prepositions",
    "conjunctions",
    "pronouns",
    "clitics",
    "auxiliaries",
    "split_auxiliaries",
    "negations",
    "followers",
    "numbers",
    "titles",
    "others",
)
"""Word classes of `WordClasses`; ``others`` are words of none, most nouns and verbs."""

WEIGHTS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "determiners": (0.5, -1.2, 0.4, -0.6),
        "prepositions": (0.9, -2.0, -1.3, -0.6),
        "conjunctions": (-0.5, -2.1, -1.6, -0.9),
        "pronouns": (-0.8, -0.5, 2.1, -0.2),
        "clitics": (0.0, -0.5, 0.6, 0.0),
        "auxiliaries": (-1.0, -0.4, -1.3, -0.5),
        "split_auxiliaries": (0.9, 1.6, -1.7, 0.4),
        "negations": (-0.4, 0.2, 0.4, 0.0),
        "followers": (0.0, 0.0, 0.0, 0.0),
        "numbers": (-0.6, -0.2, -1.0, -0.4),
        "titles": (-1.0, -0.1, 1.2, 0.7),
        "others": (0.5, 1.7, -1.9, -0.7),
        "bias": (-3.0,),
    }
)
"""Log odds that a sentence starts at a place, by class and by place; ``bias`` for every place.

Made by ``scripts/sentence_starts.py``: logistic regression on the first halves of our sentences in
seven languages, without their marks. On the second halves half of the places with the highest odds
are sentence starts, of which there is one in 16 words.
"""

_LEAST_ODDS = -1.5
"""Log odds from which a place counts: rather too many, as it is no more than a good place."""


def may_start_sentence(texts: Sequence[str], index: int, language: str) -> bool:
    """Whether a sentence may start ahead of a word of a text without punctuation.

    Args:
        texts: words in order; those farther away than ``PLACES`` do not matter.
        index: of the word, at least 1.
        language: BCP 47 tag; never in one that has no word classes of its own.
    """
    if language.partition("-")[0].casefold() not in WORD_CLASSES:
        return False
    odds = WEIGHTS["bias"][0]
    for place, names in enumerate(classes_around(texts, index, language)):
        odds += sum(WEIGHTS[name][place] for name in names)
    return odds > _LEAST_ODDS


def classes_around(texts: Sequence[str], index: int, language: str) -> Iterator[list[str]]:
    """Yield the classes of each word of ``PLACES``; none where there is no word.

    Args:
        texts: words in order, in one of the languages of ``WORD_CLASSES``.
        index: of the word behind the place.
        language: BCP 47 tag.
    """
    known = WORD_CLASSES[language.partition("-")[0].casefold()]
    for place in PLACES:
        at = index + place
        if not 0 <= at < len(texts):
            yield []
            continue
        word = known.plain(texts[at])
        found = [name for name in CLASSES[:-1] if word in getattr(known, name)]
        yield found or ["others"]
