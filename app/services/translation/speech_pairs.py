"""Languages whose speech the transcriber translates, since the translator has no pair for them."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import InvalidLanguageError
from app.domain.language import ENGLISH, Language
from app.services.translation.translator import LanguagePair, Translator
from app.settings import Settings

EMBEDDED = "embedded"
"""The translator that needs no other server and no key: it works with what is here."""


@dataclass(frozen=True, slots=True)
class SpeechPairs:
    """Pairs of a spoken language and English that only the transcriber of this server serves.

    Attributes:
        translator: whatever it serves, it translates.
        target: language to translate into; None for none.
        allowed: whether the transcriber may translate and can.
    """

    translator: Translator
    target: Language | None
    allowed: bool

    @classmethod
    def of(
        cls,
        settings: Settings,
        translator: Translator,
        target: Language | None,
        *,
        translates: bool,
    ) -> SpeechPairs:
        """Return the pairs of one job.

        Args:
            settings: of the server; name the translator.
            translator: as it was built.
            target: of the job.
            translates: whether the transcriber can translate into English.
        """
        allowed = translates and settings.translation.provider == EMBEDDED
        return cls(translator, target, allowed)

    @property
    def exist(self) -> bool:
        """Whether there can be any for this target."""
        return self.allowed and self.target is not None and self.target.same_language(ENGLISH)

    def take(self, spoken: Language | None) -> bool:
        """Whether speech in a language is translated by the transcriber.

        Args:
            spoken: None where it is unknown; the translator decides then what to take it for.
        """
        if not self.exist or self.target is None or spoken is None:
            return False
        pair = LanguagePair(spoken, self.target)
        if pair.is_same:
            return False
        try:
            self.translator.check(pair)
        except InvalidLanguageError:
            return True
        return False
