"""Limits of text that differ by language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class LanguageLimits:
    """What a reader of one language can take in.

    A character is one column, an East Asian wide one two, as ``layout.width`` counts them.

    Attributes:
        max_line_chars: columns of a line.
        cps: columns that an adult reads in a second.
        children_cps: the same of a child.
        sdh_cps: the same in subtitles for the deaf and hard of hearing.
        italics: whether the language's script has italics.
    """

    max_line_chars: int = 42
    cps: float = 17.0
    children_cps: float = 13.0
    sdh_cps: float = 20.0
    italics: bool = True


def _wide(line: int, cps: int, children: int, sdh: int, *, italics: bool) -> LanguageLimits:
    """Return limits that count wide characters, of two columns each."""
    return LanguageLimits(2 * line, 2 * cps, 2 * children, 2 * sdh, italics)


_NETFLIX = MappingProxyType(
    {
        "": LanguageLimits(),
        "en": LanguageLimits(cps=20.0, children_cps=17.0),
        "ar": LanguageLimits(cps=20.0, children_cps=17.0, sdh_cps=23.0, italics=False),
        "hi": LanguageLimits(cps=22.0, children_cps=18.0, sdh_cps=25.0, italics=False),
        "he": LanguageLimits(italics=False),
        "th": LanguageLimits(max_line_chars=35, italics=False),
        "ko": _wide(16, 12, 9, 14, italics=False),
        "zh": _wide(16, 9, 7, 11, italics=False),
        "ja": _wide(23, 4, 4, 7, italics=True),
    }
)

LANGUAGE_LIMITS: Mapping[str, Mapping[str, LanguageLimits]] = MappingProxyType(
    {"netflix": _NETFLIX}
)
"""Limits by the name of a table and the base tag of a language; the empty tag is for all others.

Source: Netflix Timed Text Style Guides by language, SubtitleEdit's ``NetflixQualityController``.
They count the characters of Chinese and Korean lines (16) and Japanese ones (23) by their width, a
narrow character as half of one, so a Japanese line has 46 columns; the italics of Japanese are
slanted characters.
"""

_SAME_LIMITS = MappingProxyType({"yue": "zh", "cmn": "zh", "wuu": "zh", "iw": "he"})


def limits_of(table: str, language: str) -> LanguageLimits:
    """Return the limits of a language in a table.

    Args:
        table: key of ``LANGUAGE_LIMITS``.
        language: BCP 47 tag; one that has no limits of its own gets those of all others.
    """
    base = language.partition("-")[0].casefold()
    rows = LANGUAGE_LIMITS[table]
    return rows.get(_SAME_LIMITS.get(base, base), rows[""])
