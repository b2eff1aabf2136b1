"""Checks of one translation by itself."""

from __future__ import annotations

import re

from app.domain.language import Language
from app.services.layout.width import text_width
from app.services.translation.quality.content_checks import content_defect
from app.services.translation.quality.defect import Defect
from app.services.translation.quality.language_id import identify, label_of
from app.services.translation.text.scripts import is_wrong_script
from app.services.translation.translator import LanguagePair

_SURE_LETTERS = 24
_SURE_SHARE = 0.95
_SURELY_NOT = 0.01
"""From so many letters on, a line is surely in the wrong language if another is so likely, and the
target so unlikely. Source: tried on lines of subtitles; names and loan words stay below."""

_LIKELY_LETTERS = 12
_LIKELY_SHARE = 0.6
_LIKELY_NOT = 0.1
"""Thresholds for one line among those of a whole answer."""

_SHORT_WORDS = 2
_SHORT_LETTERS = 14
"""A copy of so few words or letters may be right: ``Taxi, taxi!``"""

_NAME_WORDS = 4
"""More capitalised words in a row are a title or a shout, no name."""

_RATHER = 0.5
"""A source that is so likely in the target language may be copied."""

_COPIED = "was left untranslated"

_SHORT_RATIO = 0.12
_SHORT_FROM = 16
_LONG_RATIO = 4
_LONG_MORE = 60
"""Bounds of a translation's width in columns, relative to that of its source."""

LONG_COLUMNS = 16
"""Shorter translations may be the same for two lines: ``Sí.``"""

_LEAK_CHARS = 32
"""So many characters in a row of our prompt are no translation."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


EMPTY = Defect("was empty")
MISSING = Defect("was missing")
NO_TRANSLATION = Defect("was no translation")
TOO_SHORT = Defect("was far too short to be a translation")
TOO_LONG = Defect("was far too long to be a translation")
SAME_AS_ANOTHER = Defect("was the same as that of another line")


def find_defect(source: str, text: str, pair: LanguagePair, prompt: str) -> Defect | None:
    """Return the defect of a translation; None if it has none.

    Args:
        source: the line.
        text: its translation, cleaned.
        pair: of languages.
        prompt: our instructions, which the model may repeat.
    """
    if not text:
        return EMPTY
    widths = text_width(source), text_width(text)
    if widths[1] > _LONG_RATIO * widths[0] + _LONG_MORE:
        return TOO_LONG
    if _leaks(text, source, prompt):
        return NO_TRANSLATION
    said = content_defect(source, text)
    if said is not None and said.lasting:
        return said
    if is_copy(source, text):
        return _copied(source, pair)
    if is_wrong_script(text, pair.target):
        return wrong_language(pair)
    if widths[0] >= _SHORT_FROM and widths[1] < _SHORT_RATIO * widths[0]:
        return TOO_SHORT
    return _of_language(source, text, pair) or said


def is_copy(source: str, text: str) -> bool:
    """Whether a translation equals its source, letter by letter."""
    return letters_of(source) == letters_of(text)


def looks_foreign(text: str, target: Language) -> bool | None:
    """Whether a text is likely not in a language; None where it is too short to decide."""
    if sum(char.isalpha() for char in text) < _LIKELY_LETTERS:
        return None
    found = identify(text, target)
    if found is None:
        return None
    return found.probability >= _LIKELY_SHARE and found.target_probability < _LIKELY_NOT


def wrong_language(pair: LanguagePair, *, lasting: bool = True) -> Defect:
    """Return the defect of a line in the wrong language."""
    return Defect(f"was not in {pair.target.written_name}", lasting=lasting)


def _copied(source: str, pair: LanguagePair) -> Defect | None:
    """Return the defect of a copy; none for one word or a source in the target language."""
    words = _WORD.findall(source)
    letters = sum(char.isalpha() for char in source)
    alike = len(words) <= _NAME_WORDS and all(map(_may_be_name, words))
    if is_wrong_script(source, pair.target):
        single = len(words) < 2 and source.isascii()
        return Defect(_COPIED, lasting=not (single or alike))
    if len(words) < 2 and letters <= _SHORT_LETTERS:
        return None
    found = identify(source, pair.target)
    if found is not None and found.target_probability >= _RATHER:
        return None
    short = len(words) <= _SHORT_WORDS or letters <= _SHORT_LETTERS
    return Defect(_COPIED, lasting=not (short or alike))


def _of_language(source: str, text: str, pair: LanguagePair) -> Defect | None:
    if sum(char.isalpha() for char in text) < _SURE_LETTERS:
        return None
    found = identify(text, pair.target)
    if found is None or found.probability < _SURE_SHARE or found.target_probability >= _SURELY_NOT:
        return None
    source_guess = identify(source, pair.target)
    own = label_of(pair.source) if pair.source else "en"
    # A source in a third language, such as a song, may stay in it.
    quoted = source_guess is not None and found.language == source_guess.language != own
    return wrong_language(pair, lasting=not quoted)


def _leaks(text: str, source: str, prompt: str) -> bool:
    """Whether a translation repeats a part of the prompt other than its line."""
    if "<subtitles>" in text and "<subtitles>" not in source:
        return True
    parts = (text[start : start + _LEAK_CHARS] for start in range(0, len(text), _LEAK_CHARS // 2))
    return any(len(part) == _LEAK_CHARS and part in prompt for part in parts)


def _may_be_name(word: str) -> bool:
    return word[0].isupper() or word[0].isdigit()


def letters_of(text: str) -> str:
    """Return the letters and digits of a text, case-folded, for comparisons."""
    return "".join(char for char in text.casefold() if char.isalnum())
