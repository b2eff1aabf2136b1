"""Protocol of translators."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.language import Language
from app.domain.media import NO_INFO, MediaInfo


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A text that is translated as a whole: a sentence, or a speaker's few words.

    Attributes:
        id: unique within a job; equals that of the first cue that it covers.
        text: one paragraph.
        room_chars: characters of the translation that can be read while its cues are shown; None
            for no limit.
    """

    id: int
    text: str
    room_chars: int | None = None


TOLERATED_LENGTH = 1.15
"""Tolerated length of a translation over the readable one. Source: reading speeds in guides for
subtitles differ by more among one another."""


class Ledger(Protocol):
    """Account of what one job spends at providers."""

    def afford(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Check ahead of a request that its estimated cost is still allowed.

        Raises:
            TranslationBudgetError: it is not.
        """
        ...

    def spend(self, model: str, prompt_tokens: int, completion_tokens: int) -> None:
        """Book the tokens of a request as the provider counts them."""
        ...


class Remarks(Protocol):
    """Account of what was done to a model's answers, for the notices of a job."""

    def changed(self, line_id: int, kinds: Sequence[str]) -> None:
        """Record the kinds of what was removed from a translation or put back."""
        ...

    def doubted(self, line_id: int, reason: str) -> None:
        """Record why a translation is doubtful that the model insists on."""
        ...


@dataclass(frozen=True, slots=True)
class TranslationContext:
    """Information of a whole job for its translator.

    Attributes:
        info: metadata of the video's page.
        glossary: terms with their required translations.
        ledger: where requests are booked; None for nowhere.
        remarks: where changes of answers are recorded; None for nowhere.
    """

    info: MediaInfo = NO_INFO
    glossary: tuple[tuple[str, str], ...] = ()
    ledger: Ledger | None = None
    remarks: Remarks | None = field(default=None, compare=False)


NO_CONTEXT = TranslationContext()


@dataclass(frozen=True, slots=True)
class LanguagePair:
    """Source and target language; ``source`` is None when it is unknown."""

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
        detail: name of the package, the model or the address that it uses.
        revision: changes whenever the same line might be translated differently: model, prompt
            and every setting that matters. Part of the key of stored translations.
        batch_sizes: lines in the first batch, the second and so on; the last repeats.
        concurrency: batches in flight at a time for one job; may change.
        keeps_tags: whether it returns tags such as ``<i>`` around what they stood around.
    """

    name: str
    detail: str
    revision: str
    batch_sizes: tuple[int, ...]
    keeps_tags: bool

    @property
    def concurrency(self) -> int:
        """Batches in flight at a time for one job."""
        ...

    async def probe(self) -> None:
        """Check at start that it works; costs no money.

        Raises:
            EngineLoadError: it does not; says what to do.
        """
        ...

    async def close(self) -> None:
        """Close connections; nothing may be translated afterwards."""
        ...

    def check(self, pair: LanguagePair) -> None:
        """Reject a pair that this translator does not serve; the same language is no pair.

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
            pair: source and target language.
            before: up to three source lines that precede the batch, for context.
            context: shared by the whole job.

        Yields:
            ``(id, translation)`` as soon as each is known, in any order; each id of ``lines``
            exactly once, and a translation is empty only where its line is blank.

        Raises:
            TranslationAuthError: the provider refused the key.
            TranslationQuotaError: the quota is used up.
            TranslationBudgetError: the job would cost more than its limit.
            TranslationIncompleteError: no attempt translated some lines; the others were yielded
                before.
            TranslationError: the provider cannot be reached.
        """
        ...
