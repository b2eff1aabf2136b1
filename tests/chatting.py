"""Short ways for tests to translate by the scripted model server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from app.domain.language import Language
from app.services.translation.llm.backoff import Backoff
from app.services.translation.llm.chat_translator import ChatTranslator
from app.services.translation.translator import (
    NO_CONTEXT,
    LanguagePair,
    SourceLine,
    TranslationContext,
)
from app.settings import Settings, TranslationSettings, VendorSettings
from tests.chat_server import ChatServer, shout

QUICK = Backoff(first_s=0.01, longest_s=0.02, patience_s=5.0)


def pair(target: str = "es", source: str | None = "en") -> LanguagePair:
    return LanguagePair(Language(source) if source else None, Language(target))


def translator_at(
    server: ChatServer, vendors: VendorSettings | None = None, **changes: Any
) -> ChatTranslator:
    values: dict[str, Any] = {
        "provider": "openai",
        "server_api_key": SecretStr("sk-test"),
        "server_api_url": server.url,
        "server_model": "test-model",
        "timeout_s": 20.0,
        "concurrency": 4,
        "attempts": 2,
    }
    settings = Settings(
        translation=TranslationSettings(**(values | changes)), vendors=vendors or VendorSettings()
    )
    return ChatTranslator(settings, QUICK)


def lines_of(*texts: str, room: int | None = None) -> list[SourceLine]:
    return [SourceLine(number, text, room) for number, text in enumerate(texts)]


async def translated(
    translator: ChatTranslator,
    lines: Sequence[SourceLine],
    languages: LanguagePair | None = None,
    context: TranslationContext = NO_CONTEXT,
) -> dict[int, str]:
    """Translate and make sure that each line comes once."""
    answers = [
        answer async for answer in translator.translate(lines, languages or pair(), (), context)
    ]
    assert len(answers) == len(dict(answers))
    return dict(answers)


def right(lines: Sequence[SourceLine], target: str = "es") -> dict[int, str]:
    return {line.id: shout(line.text, f"({target})") for line in lines}
