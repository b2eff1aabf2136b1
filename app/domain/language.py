"""Language, identified by its normalised BCP 47 tag."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain import language_tags
from app.domain.errors import InvalidLanguageError, quoted

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
            raise InvalidLanguageError(not_a_language("language", self.tag))

    @classmethod
    def parse(cls, text: str) -> Language:
        """Read a tag in any spelling: ``zh_CN``, ``zh-cn``, ``PT-br``, ``FIL``, ``iw``, ``ger``.

        Raises:
            InvalidLanguageError: not a language.
        """
        tag = language_tags.standard_tag(text)
        if tag is None:
            raise InvalidLanguageError(not_a_language("language", text))
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
        A macro-language is the same as each of its members (``no`` and ``nn``, ``zh`` and
        ``yue``), which are different from one another. See docs/decisions/0079.
        """
        if self.base != other.base:
            return self._includes(other) or other._includes(self)
        if not all(map(language_tags.names_script_or_region, (self.tag, other.tag))):
            return True
        return language_tags.likely_script(self.tag) == language_tags.likely_script(other.tag)

    @property
    def script(self) -> str | None:
        """The ISO 15924 script in which it is to be written; None where any of several will do.

        See `language_tags.written_script`.
        """
        return language_tags.written_script(self.tag)

    @property
    def has_several_scripts(self) -> bool:
        """Whether the language is written in several scripts."""
        return language_tags.has_several_scripts(self.tag)

    @property
    def written_name(self) -> str:
        """The name in English with the script, where the language has several.

        ``Serbian, written in the Cyrillic script``; for prompts and messages.
        """
        script = self.script
        if script is None or not self.has_several_scripts:
            return self.english_name
        return f"{self.english_name}, written in {language_tags.script_name(script)}"

    def in_script(self, script: str) -> Language:
        """Return the bare language in another script."""
        return Language(f"{self.base}-{script}")

    @property
    def family(self) -> str:
        """The language without script and region, its macro-language where that is in use."""
        return language_tags.family_of(self.tag)

    def code_among(self, codes: Iterable[str]) -> str | None:
        """Return the code for this language among those of an engine; None where it has none.

        See `language_tags.code_among`.
        """
        return language_tags.code_among(self.tag, codes)

    def _includes(self, other: Language) -> bool:
        """Whether this is a macro-language that the other one belongs to.

        Chinese with a script or a region is the written standard, which is Mandarin.
        """
        if self.base != other.family:
            return False
        return self.base != "zh" or not language_tags.names_script_or_region(self.tag)


ENGLISH = Language("en")


def needs_translation(written: Language, target: Language) -> bool:
    """Whether texts said to be in one language may have to be translated or converted for another.

    A language that is written in several scripts may come in either, whatever it is said to be.
    """
    several = target.has_several_scripts and target.script is not None
    return several or not written.same_language(target)


def parse_target(text: str | None) -> Language | None:
    """Read a target language; None means transcription alone.

    Raises:
        InvalidLanguageError: not a language.
    """
    if text is None or text.strip().lower() in _SAME_AS_SOURCE:
        return None
    try:
        return Language.parse(text)
    except InvalidLanguageError:
        raise InvalidLanguageError(not_a_language("target language", text)) from None


def not_a_language(what: str, text: str) -> str:
    """Return the message about a text that is no language.

    Args:
        what: it was to be.
        text: as it was sent.
    """
    return f"Invalid {what} {quoted(text)}: write its code, such as es, pt-BR or zh-TW"


def known_language(tag: str) -> Language | None:
    """Parse the tag of an existing text; None where its language is unknown."""
    known = language_tags.standard_tag(tag)
    return None if known is None else Language(known)
