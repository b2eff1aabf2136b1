"""Fonts for burned-in text, by the script of its letters, so that every glyph is drawn.

The families are those of Debian's ``fonts-noto-core``, ``fonts-noto-cjk`` and ``fonts-symbola``.
What none of them has, fontconfig looks for among all others.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from app.domain import language_tags
from app.domain.direction import runs_right_to_left

LATIN = "Noto Sans"
_CJK = "Noto Sans CJK"
EMOJI = "Symbola"
"""Pictographs in one colour: libass draws outlines alone, and a colour font has pictures."""

_NAMED = (
    *("Arabic", "Armenian", "Bengali", "Cherokee", "Devanagari", "Ethiopic", "Georgian"),
    *("Gujarati", "Gurmukhi", "Hebrew", "Javanese", "Kannada", "Khmer", "Lao", "Malayalam"),
    *("Mongolian", "Myanmar", "Oriya", "Sinhala", "Syriac", "Tamil", "Telugu", "Thaana", "Thai"),
)
_FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        **{name.upper(): f"Noto Sans {name}" for name in _NAMED},
        "TIBETAN": "Noto Serif Tibetan",
        **dict.fromkeys(("LATIN", "GREEK", "CYRILLIC"), LATIN),
        **dict.fromkeys(("HIRAGANA", "KATAKANA"), f"{_CJK} JP"),
        "HANGUL": f"{_CJK} KR",
        "BOPOMOFO": f"{_CJK} TC",
    }
)
"""By the first word of the Unicode names of a script's letters."""

_SIZES: Mapping[str, int] = MappingProxyType(
    {
        "Noto Sans Arabic": 155,
        "Noto Sans Javanese": 149,
        "Noto Sans Lao": 121,
        "Noto Sans Mongolian": 128,
        "Noto Sans Myanmar": 160,
        "Noto Sans Thaana": 110,
        "Noto Sans Thai": 111,
        "Noto Serif Tibetan": 207,
        **{f"{_CJK} {region}": 106 for region in ("SC", "TC", "JP", "KR")},
    }
)
"""Size of a family, in per cent, at which its letters are as large as those of Noto Sans: a font
size is the height of a line, for which some families leave much more room.
Source: usWinAscent and usWinDescent of the fonts' OS/2 tables; libass, ``ass_font.c``."""

_HAN = "CJK"
_HAN_FAMILIES = {"ja": f"{_CJK} JP", "ko": f"{_CJK} KR"}

_PICTOGRAPHS = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff]"
    "[\ufe0e\ufe0f\u200d\U0001f000-\U0001faff\u2600-\u27bf]{0,64}"
)
"""Emoji and symbols with what joins and varies them. Source: Unicode's emoji-data.txt."""
_JOINERS = re.compile("[\ufe0e\ufe0f\u200d\U0001f3fb-\U0001f3ff]")
"""What chooses a colour or joins pictures to one, which a font in one colour has not."""

_CODES = re.compile(r"(\{[^{}]{0,2000}\}|\\[Nnh])")


def font_of(text: str, language: str = "und") -> str | None:
    """Return the family for a text, by the script of most of its letters; None for no letters.

    Args:
        text: without override codes.
        language: BCP 47 tag; decides how Chinese characters look.
    """
    counted: Counter[str] = Counter()
    for char in text:
        if char.isalpha():
            counted[_family(char)] += 1
    counted.pop("", None)
    if han := counted.pop(_HAN, 0):
        # Japanese and Korean mix their own letters in; those show whose characters these are.
        own = [each for each in counted if each.startswith(_CJK)]
        counted[own[0] if own else _han_family(language)] += han
    return counted.most_common(1)[0][0] if counted else None


def with_fonts(text: str, base: str, language: str = "und") -> str:
    """Return the text of an event with overrides for what its style's font has not.

    Args:
        text: with override codes.
        base: family of its style.
        language: BCP 47 tag of the text.
    """
    pieces = _CODES.split(text)
    plain = "".join(pieces[::2])
    family = font_of(plain, language) or base
    begin = "" if family == base else font_switch(family)
    if runs_right_to_left(plain, language=False):
        # libass sets the parts of a line from left to right, so it stays whole.
        return begin + text
    drawn = [
        piece if number % 2 else "".join(_with_pictographs(piece, family))
        for number, piece in enumerate(pieces)
    ]
    return begin + "".join(drawn)


def font_size_percent(family: str) -> int:
    """Return the size at which a family's letters are as large as those of Noto Sans."""
    return _SIZES.get(family, 100)


def font_switch(family: str) -> str:
    """Return the override that sets a family, its letters as large as those of Noto Sans."""
    size = font_size_percent(family)
    return f"{{\\fn{family}\\fscx{size}\\fscy{size}}}"


def _with_pictographs(text: str, family: str) -> Iterator[str]:
    place = 0
    for match in _PICTOGRAPHS.finditer(text):
        plain = _JOINERS.sub("", match[0])
        yield text[place : match.start()]
        yield f"{font_switch(EMOJI)}{plain}{font_switch(family)}"
        place = match.end()
    yield text[place:]


def main_font(texts: Sequence[str], language: str = "und") -> str:
    """Return the family of most of a file's letters."""
    return font_of("".join(texts), language) or LATIN


def _han_family(language: str) -> str:
    base = language_tags.base_of(language) if language != "und" else "und"
    if base in _HAN_FAMILIES:
        return _HAN_FAMILIES[base]
    script = language_tags.script_of(language) or language_tags.likely_script(language)
    return f"{_CJK} TC" if script == "Hant" else f"{_CJK} SC"


@lru_cache(maxsize=8192)
def _family(char: str) -> str:
    word = unicodedata.name(char, "").partition(" ")[0]
    return _HAN if word == "CJK" else _FAMILIES.get(word, "")
