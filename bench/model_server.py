"""Scripted model server, at the pace of a hosted one or without delay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.services.translation.translator import Translator
from app.services.translation.translator_registry import build_translator
from app.settings import Settings, TranslationSettings
from tests.chat_server import ChatServer, shout

TARGET = "es"
INTO = "Spanish (es)"

_FIRST_TOKEN_S = 0.4
_TOKENS_PER_S = 100.0
"""Of a common hosted model: time to the first token, speed of one stream."""


def model_server() -> ChatServer:
    """Return a server with the pace of a hosted model."""
    return ChatServer(first_s=_FIRST_TOKEN_S, tokens_per_s=_TOKENS_PER_S)


def fast_model_server() -> ChatServer:
    """Return a server that answers without delay, for counting."""
    return ChatServer(chunk_chars=200)


def translation_of(text: str) -> str:
    """Return the server's correct translation of a line."""
    return shout(text, INTO)


@asynccontextmanager
async def model_translator(server: ChatServer, concurrency: int) -> AsyncIterator[Translator]:
    """Yield our translator at a server."""
    settings = TranslationSettings(
        provider="openai_compatible",
        server_api_url=server.url,
        server_model="bench",
        concurrency=concurrency,
    )
    translator = build_translator(Settings(translation=settings))
    try:
        await translator.probe()  # as a server does at its start
        yield translator
    finally:
        await translator.close()
