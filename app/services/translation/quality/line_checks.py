"""What can be wrong with one translation, looked at by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.domain.language import Language
from app.services.layout.width import text_width
from app.services.translation.quality.language_id import guess, label_of
from app.services.translation.text.scripts import is_wrong_script
from app.services.translation.translator import LanguagePair

_SURE_LETTERS = 24
_SURE_SHARE = 0.95
_SURELY_NOT = 0.01
"""A line of so many letters is in the wrong language if another is so likely, and its own so
unlikely. Source: tried on lines of subtitles; names and loan words stay below."""

_LIKELY_LETTERS = 12
_LIKELY_SHARE = 0.6
_LIKELY_NOT = 0.1
"""From here on a line counts where a whole answer is judged."""

_SHORT_WORDS = 2
_SHORT_LETTERS = 14
"""A copy of so little may be right: ``Taxi, taxi!``"""

_NAME_WORDS = 4
"""A row of capitalised words that is longer is a title or a shout, no name."""

_RATHER = 0.5
"""A line that is so likely in the target language stays as it is."""

_COPIED = "was left untranslated"

_SHORT_RATIO = 0.12
_SHORT_FROM = 16
_LONG_RATIO = 4
_LONG_MORE = 60
"""No translation of so many columns is so much shorter or longer than its line."""

LONG_COLUMNS = 16
"""Shorter translations may well be the same for two lines: ``Sí.``"""

_LEAK_CHARS = 32
"""So many characters in a row of what we say to the model are no translation."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a translation is not taken.

    Attributes:
        text: goes on after "line 3 of the answer ...".
        lasting: whether the same answer is refused for good. Others are taken when the model
            insists on them: a name, a quotation, a refrain.
    """

    text: str
    lasting: bool = True


EMPTY = Fault("was empty")
MISSING = Fault("was missing")
NO_TRANSLATION = Fault("was no translation")
TOO_SHORT = Fault("was far too short to be a translation")
TOO_LONG = Fault("was far too long to be a translation")
SAME_AS_ANOTHER = Fault("was the same as that of another line")


def fault_of(source: str, text: str, pair: LanguagePair, told: str) -> Fault | None:
    """Return what is surely wrong with a translation; None for nothing.

    Args:
        source: the line.
        text: its translation, cleaned.
        pair: of the languages.
        told: what we have said to the model, which it may repeat.
    """
    if not text:
        return EMPTY
    widths = text_width(source), text_width(text)
    if widths[1] > _LONG_RATIO * widths[0] + _LONG_MORE:
        return TOO_LONG
    if _leaks(text, source, told):
        return NO_TRANSLATION
    if is_copy(source, text):
        return _copied(source, pair)
    if is_wrong_script(text, pair.target):
        return _in_wrong_language(pair)
    if widths[0] >= _SHORT_FROM and widths[1] < _SHORT_RATIO * widths[0]:
        return TOO_SHORT
    return _of_language(source, text, pair)


def is_copy(source: str, text: str) -> bool:
    """Whether a translation is its line again, letter by letter."""
    return letters_of(source) == letters_of(text)


def looks_foreign(text: str, target: Language) -> bool | None:
    """Whether a text is likely not in a language; None where it is too short to tell."""
    if sum(char.isalpha() for char in text) < _LIKELY_LETTERS:
        return None
    found = guess(text, target)
    if found is None:
        return None
    return found.share >= _LIKELY_SHARE and found.wanted < _LIKELY_NOT


def foreign(pair: LanguagePair, *, lasting: bool) -> Fault:
    """Return the fault of a line that is likely in the wrong language."""
    return Fault(_in_wrong_language(pair).text, lasting=lasting)


def _copied(source: str, pair: LanguagePair) -> Fault | None:
    """A copy of one word, or of a line that is in the target language already, is right."""
    words = _WORD.findall(source)
    letters = sum(char.isalpha() for char in source)
    alike = len(words) <= _NAME_WORDS and all(map(_is_nameish, words))
    if is_wrong_script(source, pair.target):
        single = len(words) < 2 and source.isascii()
        return Fault(_COPIED, lasting=not (single or alike))
    if len(words) < 2 and letters <= _SHORT_LETTERS:
        return None
    found = guess(source, pair.target)
    if found is not None and found.wanted >= _RATHER:
        return None
    short = len(words) <= _SHORT_WORDS or letters <= _SHORT_LETTERS
    return Fault(_COPIED, lasting=not (short or alike))


def _of_language(source: str, text: str, pair: LanguagePair) -> Fault | None:
    if sum(char.isalpha() for char in text) < _SURE_LETTERS:
        return None
    found = guess(text, pair.target)
    if found is None or found.share < _SURE_SHARE or found.wanted >= _SURELY_NOT:
        return None
    spoken = guess(source, pair.target)
    own = label_of(pair.source) if pair.source else "en"
    # A line that is in a third language itself, a song's for instance, may stay in it.
    quoted = spoken is not None and found.language == spoken.language != own
    return Fault(_in_wrong_language(pair).text, lasting=not quoted)


def _in_wrong_language(pair: LanguagePair) -> Fault:
    return Fault(f"was not in {pair.target.english_name}")


def _leaks(text: str, source: str, told: str) -> bool:
    """Whether a translation repeats what we have said to the model, other than its line."""
    if "<subtitles>" in text and "<subtitles>" not in source:
        return True
    parts = (text[start : start + _LEAK_CHARS] for start in range(0, len(text), _LEAK_CHARS // 2))
    return any(len(part) == _LEAK_CHARS and part in told for part in parts)


def _is_nameish(word: str) -> bool:
    return word[0].isupper() or word[0].isdigit()


def letters_of(text: str) -> str:
    """Return what counts where two texts are compared: letters and digits, whatever their case."""
    return "".join(char for char in text.casefold() if char.isalnum())
