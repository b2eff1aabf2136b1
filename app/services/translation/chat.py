"""Any language to any other by a large language model behind the chat-completions protocol."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from urllib.parse import urlsplit

import structlog

from app.domain.errors import EngineLoadError, TranslationError, TranslationIncompleteError
from app.services.translation.ask import MAX_LINES, OpenLines
from app.services.translation.backoff import Backoff
from app.services.translation.failures import FormRefusedError, PassingFailureError
from app.services.translation.protocol import NO_BRIEF, Brief, LanguagePair, Line
from app.services.translation.provider import ChatProvider
from app.services.translation.wordless import is_wordless
from app.settings import Settings

log = structlog.get_logger()

_ROUNDS_TOGETHER = 2
"""Rounds in which the missing lines are asked together; in later ones each is asked alone."""


_PLAIN = re.compile(r"[!-~]+")
"""What can stand in an HTTP header without being quoted."""


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


class ChatTranslator:
    """Translates by a model that may drop, invent, merge or mangle lines.

    A translation is accepted by the number of its line, one by one. Lines without one are
    asked again, together and then alone, and are an error at last.
    """

    name = "openai"
    batch_sizes = (4, 8, MAX_LINES)

    def __init__(self, settings: Settings, backoff: Backoff | None = None) -> None:
        self._settings = settings.translation
        self._provider = ChatProvider(settings.translation)
        self._backoff = backoff or Backoff()
        self.detail = self._settings.server_model
        self.revision = f"chat:{self.detail}"
        self.concurrency = self._settings.concurrency

    async def probe(self) -> None:
        """Check the configuration; the provider is not called, since that may cost money.

        Raises:
            EngineLoadError: key, address or model is missing or malformed.
        """
        url = self._settings.server_api_url
        if url is None and self._settings.server_api_key is None:
            raise EngineLoadError(
                "The openai translator has no key: set SERVER_API_KEY, or SERVER_API_URL for a "
                "server that needs none"
            )
        if url is not None and not _is_address(url):
            raise EngineLoadError("SERVER_API_URL is not an http or https address")
        key = self._settings.server_api_key
        if key is not None and not _PLAIN.fullmatch(key.get_secret_value()):
            raise EngineLoadError("SERVER_API_KEY holds a blank or a character that no key has")
        if not self._settings.server_model.strip():
            raise EngineLoadError("The openai translator has no model: set SERVER_MODEL")

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._provider.close()

    def check(self, pair: LanguagePair) -> None:
        """A model is asked for any pair."""

    async def translate(
        self,
        lines: Sequence[Line],
        pair: LanguagePair,
        before: Sequence[Line],
        brief: Brief = NO_BRIEF,
    ) -> AsyncIterator[tuple[int, str]]:
        """Translate a batch; see the protocol for what is yielded and raised."""
        for line in lines:
            if is_wordless(line.text):
                yield line.id, line.text
        work = OpenLines(lines, pair, before)
        for round_number in range(self._settings.attempts):
            size = MAX_LINES if round_number < _ROUNDS_TOGETHER else 1
            for group in work.groups(size):
                async with aclosing(self._answers(work, group)) as answers:
                    async for known in answers:
                        yield known
            if not work.missing:
                return
            log.info("translations missing", lines=len(work.missing), round=round_number + 1)
        raise TranslationIncompleteError(work.missing)

    async def _answers(
        self, work: OpenLines, group: Sequence[int]
    ) -> AsyncGenerator[tuple[int, str], None]:
        """Ask for a group until an answer came to its end, and yield what is usable.

        Raises:
            TranslationError: the provider failed as often as it may without giving a line.
        """
        failures = 0
        while (ask := work.ask(group)).lines:
            try:
                async with aclosing(self._provider.answer(ask)) as members:
                    async for key, value in members:
                        for known in work.accept(ask, key, value):
                            failures = 0
                            yield known
            except PassingFailureError as failure:
                failures += 1
                if work.ask(group).lines:
                    await self._pause(failures, failure)
            except FormRefusedError:
                continue
            else:
                work.answered(ask)
                return

    async def _pause(self, failures: int, failure: PassingFailureError) -> None:
        """Wait before the next request.

        Raises:
            TranslationError: there is to be none.
        """
        delay_s = self._backoff.delay_s(failures, failure.retry_after_s)
        if delay_s is None or failures >= self._settings.attempts:
            raise TranslationError(failure.message) from None
        log.info("translation provider failed", failure=failure.message, retry_in_s=delay_s)
        await asyncio.sleep(delay_s)
