"""What a translator must do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.domain.language import Language
from app.domain.media import NO_INFO, MediaInfo


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What is translated as a whole: a sentence, or a speaker's few words.

    Attributes:
        id: unique within a job; that of the first cue that it covers.
        text: one paragraph.
        room_chars: characters of the translation that can be read while its cues show; None
            where nobody reads against the clock.
    """

    id: int
    text: str
    room_chars: int | None = None


class Ledger(Protocol):
    """What one job has spent at providers, and what it may spend."""

    def afford(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Check ahead of a request that its estimated cost is still allowed.

        Raises:
            TranslationBudgetError: it is not.
        """
        ...

    def spend(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Note what a request has used, as the provider counts."""
        ...


@dataclass(frozen=True, slots=True)
class TranslationContext:
    """What a whole job tells its translator.

    Attributes:
        info: what the video's page says about it.
        glossary: terms and how they are to be translated.
        ledger: where requests are paid from; None where nobody counts.
    """

    info: MediaInfo = NO_INFO
    glossary: tuple[tuple[str, str], ...] = ()
    ledger: Ledger | None = None


NO_CONTEXT = TranslationContext()


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
        revision: changes whenever the same line might be translated differently: model, prompt
            and every setting that matters. Part of the address of remembered translations.
        batch_sizes: lines in the first batch, the second and so on; the last repeats.
        concurrency: batches in flight at a time for one job.
    """

    name: str
    detail: str
    revision: str
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
        self,
        lines: Sequence[SourceLine],
        pair: LanguagePair,
        before: Sequence[SourceLine],
        context: TranslationContext = NO_CONTEXT,
    ) -> AsyncIterator[tuple[int, str]]:
        """Translate a batch.

        Args:
            lines: one batch, in order, ids ascending.
            pair: from which language into which.
            before: up to three source lines that precede the batch, for context.
            context: what the whole job shares.

        Yields:
            ``(id, translation)`` as soon as each is known, in any order; each id of ``lines``
            exactly once, and a translation is empty only where its line is blank.

        Raises:
            TranslationAuthError: the provider refused the key.
            TranslationQuotaError: the quota is used up.
            TranslationBudgetError: the job would cost more than it may.
            TranslationIncompleteError: lines that no attempt translated; what could be
                translated was yielded before.
            TranslationError: the provider cannot be reached.
        """
        ...
