"""Translator by a LibreTranslate server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from app.domain.errors import (
    EngineLoadError,
    InvalidLanguageError,
    TranslationError,
    TranslationIncompleteError,
)
from app.domain.language import Language
from app.services.translation.llm.backoff import Backoff
from app.services.translation.llm.provider_errors import PassingFailureError
from app.services.translation.providers.libretranslate_client import LibreTranslateClient
from app.services.translation.quality.answer_tidying import TIDYING, cleaned, tidied
from app.services.translation.text.script_conversion import convert_texts
from app.services.translation.text.scripts import is_wrong_script, script_of
from app.services.translation.text.wordless import is_wordless
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
)
from app.settings import Settings

_OTHER_NAMES = {"zt": "zh-TW", "pb": "pt-BR"}
"""Codes that older servers use in place of a BCP 47 tag."""

_CONCURRENCY = 2
"""A self-hosted server uses all its cores for one request already."""


class LibreTranslator:
    """Translates by the server's ``/translate``, a batch in one request.

    A server answers a list with a list of the same length, so a line cannot move; a line that
    comes back empty, or an answer of another length, is requested again line by line.
    """

    name = "libretranslate"
    batch_sizes: tuple[int, ...] = (4, 8, 16)

    def __init__(self, settings: Settings, backoff: Backoff | None = None) -> None:
        translation = settings.translation
        self._client = LibreTranslateClient(translation)
        self._backoff = backoff or Backoff()
        self._attempts = translation.attempts
        self._targets: Mapping[str, frozenset[str]] = {}
        self.detail = translation.libretranslate_url
        self.revision = f"libretranslate:{self.detail}:{TIDYING}"
        self.concurrency = translation.concurrency or _CONCURRENCY

    async def probe(self) -> None:
        """Fetch the languages of the server.

        Raises:
            EngineLoadError: it cannot be reached, or has no language.
        """
        try:
            self._targets = await self._client.languages()
        except (TranslationError, PassingFailureError) as error:
            raise EngineLoadError(
                f"LibreTranslate does not work ({error.message}): check LIBRETRANSLATE_URL"
            ) from None
        if not self._targets:
            raise EngineLoadError("LibreTranslate has no languages: install some there")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def check(self, pair: LanguagePair) -> None:
        """Reject pairs that the server does not translate; it detects an unknown source.

        Raises:
            InvalidLanguageError: the pair is not served.
        """
        if not pair.is_same:
            self._codes(pair)

    async def translate(
        self,
        lines: Sequence[SourceLine],
        pair: LanguagePair,
        before: Sequence[SourceLine],
        context: TranslationContext = NO_CONTEXT,
    ) -> AsyncIterator[tuple[int, str]]:
        """Translate a batch; ``before`` is not used, of ``context`` the account of changes alone.

        A server of this kind writes entities of HTML and loses music notes now and then.

        Raises:
            InvalidLanguageError: the pair is not served.
            TranslationAuthError: the server refused the key.
            TranslationIncompleteError: it gave no text for some lines.
            TranslationError: it cannot be reached.
        """
        codes = self._codes(pair)
        wordy = [line for line in lines if not is_wordless(line.text)]
        for line in lines:
            if is_wordless(line.text):
                yield line.id, line.text
        missing: list[int] = []
        texts = (
            await self._texts([line.text for line in wordy], codes, pair.target) if wordy else []
        )
        for place, line in enumerate(wordy):
            text = texts[place] if len(texts) == len(wordy) else ""
            if not text and len(wordy) > 1:
                text = "".join(await self._texts([line.text], codes, pair.target))
            if text:
                tidy = tidied(line.text, text, pair.target)
                if context.remarks is not None:
                    context.remarks.changed(line.id, tidy.changes)
                yield line.id, tidy.text
            else:
                missing.append(line.id)
        if missing:
            raise TranslationIncompleteError(missing)

    async def _texts(
        self, texts: Sequence[str], codes: tuple[str, str], target: Language
    ) -> list[str]:
        """Send a request until it is answered.

        Raises:
            TranslationError: it is not after as many attempts as it may take.
        """
        plain = [" ".join(text.split()) for text in texts]
        found = await self._backoff.call(
            self._attempts, lambda: self._client.translate(plain, *codes)
        )
        return [_in_script(cleaned(text), target) for text in found]

    def _codes(self, pair: LanguagePair) -> tuple[str, str]:
        """Return the server's codes of source and target."""
        source = "auto" if pair.source is None else _code_of(pair.source, self._targets)
        offered = frozenset[str]().union(*self._targets.values())
        target = _code_of(pair.target, offered)
        served = source is not None and (source == "auto" or target in self._targets[source])
        if source is None or target is None or not served:
            spoken = pair.source.english_name if pair.source else "this language"
            raise InvalidLanguageError(
                f"LibreTranslate does not translate {spoken} into {pair.target.english_name} here"
            )
        return source, target


def _code_of(language: Language, codes: Mapping[str, object] | frozenset[str]) -> str | None:
    """Return the code that is closest to a language; None if none names it."""
    close: dict[tuple[int, int], str] = {}
    for code in sorted(codes, reverse=True):
        other = _read(code)
        if other is None:
            continue
        own = other.base == language.base
        if own or other.same_language(language):
            alike = script_of(other) == script_of(language)
            close[0 if own else 1, 0 if other == language else 2 - alike] = code
    return close[min(close)] if close else None


def _in_script(text: str, target: Language) -> str:
    """Return a translation in the target's script; empty where it cannot be converted.

    A server has one code for a language that is written in several scripts, or lacks the other.
    """
    converted = convert_texts([text], LanguagePair(Language(target.base), target))
    if converted is not None:
        return converted[0]
    return "" if target.has_several_scripts and is_wrong_script(text, target) else text


def _read(code: str) -> Language | None:
    try:
        return Language.parse(_OTHER_NAMES.get(code, code))
    except InvalidLanguageError:
        return None
