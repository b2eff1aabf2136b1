"""Translation options of one job."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.language import Language
from app.domain.profile import DEFAULT_PROFILE, ReadingProfile
from app.services.translation.translation_memory import TranslationMemory
from app.services.translation.translator import NO_CONTEXT, TranslationContext


@dataclass(frozen=True, slots=True)
class TranslationJob:
    """Translation options of one job.

    Attributes:
        target: language to translate into.
        profile: limits of reading speed and line length.
        context: shared by all requests of the job.
        memory: translations of earlier jobs; None to use none.
    """

    target: Language
    profile: ReadingProfile = DEFAULT_PROFILE
    context: TranslationContext = NO_CONTEXT
    memory: TranslationMemory | None = None

    @property
    def terms(self) -> tuple[str, ...]:
        """The glossary's terms in either language, since a name may stay as it is."""
        return tuple(term for pair in self.context.glossary for term in pair if term.strip())
