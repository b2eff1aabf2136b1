"""Speaking, whatever the engine: choosing the voice, taking turns, remembering."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.domain.errors import (
    EngineLoadError,
    InvalidFieldError,
    InvalidLanguageError,
    OverloadedError,
    SpeechError,
    SpeechUnavailableError,
)
from app.domain.language import Language
from app.services.tts.speech_engine import SpeechEngine, Voice
from app.services.tts.speech_registry import build_speech_engine
from app.settings import Settings


class SpokenStore(Protocol):
    """Keeps results by stage and key."""

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return what was kept; None when there is nothing."""

    async def put(self, stage: str, key: str, payload: bytes) -> object:
        """Keep a result."""


class MemoryStore:
    """Keeps what was used last, in memory.

    Args:
        limit_bytes: of all results together.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self.size_bytes = 0

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return what was kept; None when there is nothing."""
        payload = self._kept.get((stage, key))
        if payload is not None:
            self._kept.move_to_end((stage, key))
        return payload

    async def put(self, stage: str, key: str, payload: bytes) -> None:
        """Keep a result, and let go of those that were used longest ago."""
        self.size_bytes += len(payload) - len(self._kept.pop((stage, key), b""))
        self._kept[stage, key] = payload
        while self.size_bytes > self._limit_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.size_bytes -= len(oldest)


log = structlog.get_logger()

_STAGE = "speech"
_MAX_WAITING = 64
"""Texts that may wait for their turn; a player that gets none speaks itself."""

_RETRY_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is to be spoken.

    Attributes:
        text: not empty.
        language: that it is in.
        voice_id: who speaks; None for whoever suits the language best.
        use_cache: whether an earlier recording will do.
    """

    text: str
    language: Language
    voice_id: str | None = None
    use_cache: bool = True


class SpeechSynthesizer:
    """Speaks with the engine that the settings name, beside the GPU and all jobs.

    The engine is made when somebody asks first; a server where it is missing works without.

    Args:
        settings: those of speaking.
        store: keeps what was spoken; memory alone unless given.
    """

    def __init__(self, settings: Settings, store: SpokenStore | None = None) -> None:
        self._settings = settings
        self._store = store or MemoryStore(settings.tts.cache_mb * 2**20)
        self._turns = asyncio.Semaphore(settings.tts.concurrency)
        self._waiting = 0
        self._opening = asyncio.Lock()
        self._engine: SpeechEngine | None = None
        self._failure: str | None = None if settings.tts.enabled else "TTS_ENABLED is false"

    async def close(self) -> None:
        """Let go of the engine."""
        if self._engine is not None:
            await self._engine.close()

    async def engine(self) -> SpeechEngine:
        """Return the engine, ready.

        Raises:
            SpeechUnavailableError: there is none.
        """
        async with self._opening:
            if self._engine is None and self._failure is None:
                await self._open()
        if self._engine is None:
            raise SpeechUnavailableError("Speech is not available on this server")
        return self._engine

    async def voices(self, language: Language | None) -> Sequence[Voice]:
        """Return the voices for a language, the default one first; all of them for None.

        Raises:
            SpeechUnavailableError: this server does not speak.
        """
        return (await self.engine()).voices(language)

    async def defaults(self) -> Mapping[str, str]:
        """Return the default voice's id by language tag.

        Raises:
            SpeechUnavailableError: this server does not speak.
        """
        return (await self.engine()).defaults()

    async def speak(self, wanted: Utterance) -> bytes:
        """Return a text as MP3.

        Raises:
            SpeechUnavailableError: this server does not speak.
            InvalidLanguageError: no voice speaks the language.
            InvalidFieldError: no such voice.
            OverloadedError: too many wait already.
            SpeechError: the engine failed.
        """
        engine = await self.engine()
        voice = _chosen(engine, wanted)
        key = _key(engine, voice, wanted.text)
        known = await self._store.get(_STAGE, key) if wanted.use_cache else None
        if known is not None:
            return known
        spoken = await self._in_turn(engine, voice, wanted.text)
        await self._store.put(_STAGE, key, spoken)
        return spoken

    async def _open(self) -> None:
        try:
            # An engine's library may take seconds to import.
            engine = await asyncio.to_thread(build_speech_engine, self._settings)
            await engine.open()
        except EngineLoadError as error:
            self._failure = error.message
            log.warning("speech is not available", reason=error.message)
            return
        self._engine = engine

    async def _in_turn(self, engine: SpeechEngine, voice: Voice, text: str) -> bytes:
        if self._waiting >= _MAX_WAITING:
            raise OverloadedError("Too many texts wait to be spoken", _RETRY_AFTER_S)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._settings.tts.timeout_s):
                async with self._turns:
                    return await engine.speak(text, voice)
        except TimeoutError:
            raise SpeechError("The text could not be spoken in time") from None
        finally:
            self._waiting -= 1


def _chosen(engine: SpeechEngine, wanted: Utterance) -> Voice:
    if wanted.voice_id:
        voice = next((v for v in engine.voices(None) if v.id == wanted.voice_id), None)
        if voice is None:
            raise InvalidFieldError("voice_id: no such voice")
        return voice
    voices = engine.voices(wanted.language)
    if not voices:
        raise InvalidLanguageError(f"No voice of this server speaks {wanted.language.tag}")
    return voices[0]


def _key(engine: SpeechEngine, voice: Voice, text: str) -> str:
    parts = json.dumps([engine.name, engine.revision, voice.id, text])
    return hashlib.sha256(parts.encode()).hexdigest()
