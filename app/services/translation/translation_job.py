"""What one job asks of the translation stage."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.language import Language
from app.domain.profile import DEFAULT_PROFILE, ReadingProfile
from app.services.translation.translation_memory import TranslationMemory
from app.services.translation.translator import NO_CONTEXT, TranslationContext


@dataclass(frozen=True, slots=True)
class TranslationJob:
    """One job's translation.

    Attributes:
        target: language to translate into.
        profile: says what can be read and what fits on screen.
        context: what the whole job tells its translator.
        memory: translations of earlier jobs; None to begin afresh.
    """

    target: Language
    profile: ReadingProfile = DEFAULT_PROFILE
    context: TranslationContext = NO_CONTEXT
    memory: TranslationMemory | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """The glossary's words, in either language: a name may be kept as it is."""
        return tuple(term for pair in self.context.glossary for term in pair if term.strip())
