"""Language, identified by its normalised BCP 47 tag."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain import language_tags
from app.domain.errors import InvalidLanguageError

_SAME_AS_SOURCE = frozenset({"", "none", "auto", "source", "original"})
"""Values of a target language that ask for transcription alone."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language, stored as its normalised BCP 47 tag (``zh-CN``, ``es-419``, ``fil``)."""

    tag: str

    def __post_init__(self) -> None:
        """Refuse what has not the shape of a tag: a language stands in prompts and cache keys.

        Raises:
            InvalidLanguageError: not a tag.
        """
        if not language_tags.is_tag(self.tag):
            raise InvalidLanguageError("Invalid target language")

    @classmethod
    def parse(cls, text: str) -> Language:
        """Read a tag in any spelling: ``zh_CN``, ``zh-cn``, ``PT-br``, ``FIL``, ``iw``.

        Raises:
            InvalidLanguageError: not a language.
        """
        tag = language_tags.standard_tag(text)
        if tag is None:
            raise InvalidLanguageError("Invalid target language")
        return cls(tag)

    @property
    def base(self) -> str:
        """The language without script and region: ``zh`` for ``zh-CN``."""
        return language_tags.base_of(self.tag)

    @property
    def english_name(self) -> str:
        """The name in English, for prompts: ``Chinese (China)``."""
        return language_tags.english_name(self.tag)

    def same_language(self, other: Language) -> bool:
        """Whether a text in one needs no translation into the other.

        ``en`` and ``en-GB`` are the same; ``zh-CN`` and ``zh-TW`` are not, since they are
        written differently, nor are ``zh-Hans`` and ``zh-TW``; ``zh`` alone is the same as all.
        """
        if self.base != other.base:
            return False
        if not all(map(language_tags.names_script_or_region, (self.tag, other.tag))):
            return True
        return language_tags.likely_script(self.tag) == language_tags.likely_script(other.tag)


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
    known = language_tags.standard_tag(tag)
    return None if known is None else Language(known)
