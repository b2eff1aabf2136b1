"""Translator between English and Spanish by Apertium: rules and dictionaries, no network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from app.domain.errors import (
    EngineLoadError,
    InvalidLanguageError,
    TranslationError,
    TranslationIncompleteError,
)
from app.services.translation.providers.apertium_pipeline import ApertiumPipeline
from app.services.translation.providers.apertium_process import require_modes
from app.services.translation.text.wordless import is_wordless
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
)
from app.settings import Settings

_MODES = {("en", "es"): "eng-spa", ("es", "en"): "spa-eng"}
_SOURCES = {target: source for source, target in _MODES}


class ApertiumTranslator:
    """Translates by child processes that run on from batch to batch.

    A line comes back as one line whatever it contains; a word that Apertium does not know stays
    as it is.
    """

    name = "apertium"
    detail = "apertium-eng-spa"
    revision = "apertium-eng-spa:1"
    batch_sizes = (4, 8, 16)
    keeps_tags = False
    concurrency = 2

    def __init__(self, settings: Settings) -> None:
        """Apertium has nothing to set; nothing is started yet."""
        self._pipelines = {mode: ApertiumPipeline(mode) for mode in _MODES.values()}

    async def probe(self) -> None:
        """Check that Apertium, both directions and a real line work.

        Raises:
            EngineLoadError: they do not; names the packages to install.
        """
        await require_modes(tuple(_MODES.values()))
        try:
            text = await self._pipelines["eng-spa"].translate(["The house is red."])
        except TranslationError as error:
            raise EngineLoadError(f"{error.message}: reinstall apertium-eng-spa") from None
        if text[0] is None or "casa" not in text[0]:
            raise EngineLoadError("Apertium does not translate: reinstall apertium-eng-spa")

    async def close(self) -> None:
        """End the processes."""
        for pipeline in self._pipelines.values():
            await pipeline.close()

    def check(self, pair: LanguagePair) -> None:
        """Reject all pairs but English to Spanish, Spanish to English and equal languages.

        Raises:
            InvalidLanguageError: any other pair.
        """
        if not pair.is_same:
            _mode(pair)

    async def translate(
        self,
        lines: Sequence[SourceLine],
        pair: LanguagePair,
        before: Sequence[SourceLine],
        context: TranslationContext = NO_CONTEXT,
    ) -> AsyncIterator[tuple[int, str]]:
        """Translate a batch; ``before`` and ``context`` are not used.

        Raises:
            InvalidLanguageError: the pair is not served.
            TranslationIncompleteError: Apertium gave no text for some lines.
            TranslationError: Apertium cannot be run.
        """
        mode = _mode(pair)
        missing: list[int] = []
        wordy = [line for line in lines if not is_wordless(line.text)]
        for line in lines:
            if is_wordless(line.text):
                yield line.id, line.text
        for line, text in zip(wordy, await self._translated(wordy, mode), strict=True):
            if text:
                yield line.id, _with_initial_of(line.text, text, mode)
            else:
                missing.append(line.id)
        if missing:
            raise TranslationIncompleteError(missing)

    async def _translated(self, lines: Sequence[SourceLine], mode: str) -> list[str | None]:
        """Translate lines together; those that did not come back in their place alone."""
        if not lines:
            return []
        pipeline = self._pipelines[mode]
        texts = await pipeline.translate([line.text for line in lines])
        for index, text in enumerate(texts):
            if not text and len(lines) > 1:
                texts[index] = (await pipeline.translate([lines[index].text]))[0]
        return texts


def _mode(pair: LanguagePair) -> str:
    target = pair.target.base
    source = pair.source.base if pair.source else _SOURCES.get(target)
    mode = _MODES.get((source or "", target))
    if mode is None:
        raise InvalidLanguageError(
            "This server translates from English to Spanish and from Spanish to English only"
        )
    return mode


def _with_initial_of(source: str, text: str, mode: str) -> str:
    """Undo the capital that Apertium gives every record, where a cue begins in mid-sentence.

    Only towards Spanish: English writes ``I`` and the days of the week with a capital.
    """
    if mode != "eng-spa" or not source.lstrip()[:1].islower():
        return text
    return text[0].lower() + text[1:]
