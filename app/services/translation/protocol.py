"""What a translator must do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.language import Language


@dataclass(frozen=True, slots=True)
class Line:
    """One line to translate; ``id`` is the cue's, unique within a job."""

    id: int
    text: str


@dataclass(frozen=True, slots=True)
class LanguagePair:
    """From one language into another; ``source`` is None when nobody knows it."""

    source: Language | None
    target: Language

    @property
    def is_same(self) -> bool:
        """Whether there is nothing to translate."""
        return self.source is not None and self.source.same_language(self.target)


class Translator(Protocol):
    """Text in one language to text in another.

    Attributes:
        name: of the translator, such as ``apertium``.
        detail: of what it uses, such as a package or a model.
        batch_sizes: lines in the first batch, the second and so on; the last repeats.
        concurrency: batches in flight at a time for one job.
    """

    name: str
    detail: str
    batch_sizes: tuple[int, ...]
    concurrency: int

    async def probe(self) -> None:
        """Check at boot that it can work; costs no money.

        Raises:
            EngineLoadError: it cannot; says what to do.
        """
        ...

    async def close(self) -> None:
        """Let go of what it holds open; nothing may be translated afterwards."""
        ...

    def check(self, pair: LanguagePair) -> None:
        """Refuse a pair that this translator does not serve; the same language is no pair.

        Raises:
            InvalidLanguageError: the pair is not served; names those that are.
        """
        ...

    def translate(
        self, lines: Sequence[Line], pair: LanguagePair, before: Sequence[Line]
    ) -> AsyncIterator[tuple[int, str]]:
        """Translate a batch.

        Args:
            lines: one batch, in order, ids ascending.
            pair: from which language into which.
            before: up to three source lines that precede the batch, for context.

        Yields:
            ``(id, translation)`` as soon as each is known, in any order; each id of ``lines``
            exactly once, and a translation is empty only where its line is blank.

        Raises:
            TranslationAuthError: the provider refused the key.
            TranslationQuotaError: the quota is used up.
            TranslationIncompleteError: lines that no attempt translated; what could be
                translated was yielded before.
            TranslationError: the provider cannot be reached.
        """
        ...
