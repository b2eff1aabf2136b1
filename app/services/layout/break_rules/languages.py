"""Word classes by language."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from app.services.layout.break_rules.dutch import DUTCH_WORDS
from app.services.layout.break_rules.english import ENGLISH_WORDS
from app.services.layout.break_rules.french import FRENCH_WORDS
from app.services.layout.break_rules.german import GERMAN_WORDS
from app.services.layout.break_rules.italian import ITALIAN_WORDS
from app.services.layout.break_rules.portuguese import PORTUGUESE_WORDS
from app.services.layout.break_rules.spanish import SPANISH_WORDS
from app.services.layout.break_rules.word_classes import WordClasses, words

WORD_CLASSES: Mapping[str, WordClasses] = MappingProxyType(
    {
        "en": ENGLISH_WORDS,
        "de": GERMAN_WORDS,
        "fr": FRENCH_WORDS,
        "es": SPANISH_WORDS,
        "it": ITALIAN_WORDS,
        "pt": PORTUGUESE_WORDS,
        "nl": DUTCH_WORDS,
    }
)
"""By base tag."""

ANY_LANGUAGE = WordClasses(
    conjunctions=words("""
        and but or nor because although though unless until whereas while when where which who
        whose that than if since as
        und aber oder denn weil dass wenn obwohl damit sondern während
        y e o u pero sino porque que aunque cuando donde mientras si como
        et ou mais donc car puisque quand lorsque où
        ma anche perché quando mentre dove che
        mas porque embora quando enquanto onde
    """),
    prepositions=words("""
        about above across after against along among around at before behind below between by down
        during for from in inside into like near of off on onto over per through to toward towards
        under up upon with within without
        an auf aus bei durch für gegen hinter in mit nach neben ohne seit über um unter von vor zu
        zum zur im am
        a al ante bajo con contra de del desde durante en entre hacia hasta para por según sin sobre
        tras
        à au aux avec chez contre dans de depuis des du en entre jusque par pendant pour sans sous
        sur vers
        di da dal della nel nella su sul tra fra
        em com sem no na nos nas ao aos às pelo pela
    """),
    determiners=words("""
        a an the my your his her its our their this these those
        der die das den dem des ein eine einen einem einer mein dein sein
        el la los las un una unos unas lo mi tu su
        le les l' un une ce cette ces mon ma mes ton ta tes son sa ses
        il lo gli i uno
        os as um uma
    """),
)
"""For texts whose language is not known, or has no lists of its own: articles, prepositions and
conjunctions of six languages. A word that means something else in another one costs a little
balance and nothing more."""


@lru_cache(maxsize=256)
def word_classes(language: str) -> WordClasses:
    """Return the word classes of a language (BCP 47)."""
    return WORD_CLASSES.get(language.partition("-")[0].casefold(), ANY_LANGUAGE)
