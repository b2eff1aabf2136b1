"""The script that texts are written in, whatever their language tag says."""

from __future__ import annotations

from collections import Counter

from app.domain import language_tags
from app.domain.language import Language
from app.services.translation.text.han_variants import count_han
from app.services.translation.text.scripts import letters_by_script

_HAN = frozenset({"Hans", "Hant"})

_SAID = 40
"""Letters that a script which the tag names counts for ahead of the first text."""

_FOREIGN_SCRIPT = "Latn"
"""Names, abbreviations and addresses are written in it in texts of every other script."""


class WrittenScript:
    """Follows the texts of one job and detects the script of each.

    A text of a few letters, or without a telling character, is in the script of those before it.
    """

    def __init__(self) -> None:
        self._seen: dict[str, Counter[str]] = {}

    def of(self, language: Language, text: str) -> Language:
        """Return a text's language with the script that it is in.

        Args:
            language: as the text is said to be in.
            text: of the job, in order.

        Returns:
            The language itself where it has one script, or where its tag says what is there.
        """
        if not language_tags.has_several_scripts(language.tag):
            return language
        seen = self._seen.setdefault(language.tag, _expected(language))
        own = _counted(language, text)
        seen.update(own)
        script = _decided(own, seen)
        if script is None or script == language.script:
            return language
        return language.in_script(script)


def _expected(language: Language) -> Counter[str]:
    """Return what is known ahead of the first text."""
    named = language_tags.names_script_or_region(language.tag)
    script = language_tags.likely_script(language.tag)
    return Counter({script: _SAID if named else 1} if script else {})


def _counted(language: Language, text: str) -> Counter[str]:
    if language_tags.likely_script(language.tag) not in _HAN:
        return letters_by_script(text)
    hans, hant = count_han(text)
    return Counter({"Hans": hans, "Hant": hant})


def _decided(own: Counter[str], seen: Counter[str]) -> str | None:
    """Return the script of a text, by itself or else by all texts so far."""
    usual = next((script for script, _ in seen.most_common(1)), None)
    ranked = own.most_common(2)
    if not ranked or not ranked[0][1]:
        return usual
    (script, letters), *others = ranked
    if others and others[0][1] == letters:
        return usual
    return usual if script == _FOREIGN_SCRIPT else script
