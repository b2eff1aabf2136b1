"""Language, identified by its normalised BCP 47 tag."""

from __future__ import annotations

from dataclasses import dataclass

import langcodes
from langcodes.tag_parser import LanguageTagError

from app.domain.errors import InvalidLanguageError

_SAME_AS_SOURCE = frozenset({"", "none", "auto", "source", "original"})
"""Values of a target language that ask for transcription alone."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language, stored as its normalised BCP 47 tag (``zh-CN``, ``es-419``, ``fil``)."""

    tag: str

    @classmethod
    def parse(cls, text: str) -> Language:
        """Read a tag in any spelling: ``zh_CN``, ``zh-cn``, ``PT-br``, ``FIL``, ``iw``.

        Raises:
            InvalidLanguageError: not a language.
        """
        try:
            tag = langcodes.standardize_tag(text.strip().replace("_", "-"))
            known = langcodes.Language.get(tag)
        except (LanguageTagError, ValueError):
            raise InvalidLanguageError("Invalid target language") from None
        if not tag or tag == "und" or not known.is_valid():
            raise InvalidLanguageError("Invalid target language")
        return cls(tag)

    @property
    def base(self) -> str:
        """The language without script and region: ``zh`` for ``zh-CN``."""
        return str(langcodes.Language.get(self.tag).language)

    @property
    def english_name(self) -> str:
        """The name in English, for prompts: ``Chinese (China)``."""
        return str(langcodes.Language.get(self.tag).display_name("en"))

    def same_language(self, other: Language) -> bool:
        """Whether a text in one needs no translation into the other.

        ``en`` and ``en-GB`` are the same; ``zh-CN`` and ``zh-TW`` are not, since they are
        written differently, nor are ``zh-Hans`` and ``zh-TW``; ``zh`` alone is the same as all.
        """
        if self.base != other.base:
            return False
        mine, theirs = (langcodes.Language.get(tag) for tag in (self.tag, other.tag))
        if any(one.territory is None and one.script is None for one in (mine, theirs)):
            return True
        return bool(mine.maximize().script == theirs.maximize().script)


ENGLISH = Language("en")


def parse_target(text: str | None) -> Language | None:
    """Read a target language; None means transcription alone.

    Raises:
        InvalidLanguageError: not a language.
    """
    if text is None or text.strip().lower() in _SAME_AS_SOURCE:
        return None
    return Language.parse(text)


def known_language(tag: str) -> Language | None:
    """Parse the tag of an existing text; None where its language is unknown."""
    if tag in {"", "und"}:
        return None
    try:
        return Language.parse(tag)
    except InvalidLanguageError:
        return None
