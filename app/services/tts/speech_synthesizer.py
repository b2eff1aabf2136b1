"""Speech synthesizer over any speech engine."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.domain.errors import (
    EngineLoadError,
    InvalidFieldError,
    InvalidLanguageError,
    OverloadedError,
    SpeechError,
    SpeechTimeoutError,
    SpeechUnavailableError,
)
from app.domain.language import Language
from app.services.tts.speech_engine import SpeechEngine, Voice, build_speech_engine
from app.services.tts.speech_sound import SpeechSound, check_length, heard_part, read_sound
from app.settings import Settings


class SpeechStore(Protocol):
    """Cache of results by stage and key."""

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return a cached result; None when there is none."""

    async def put(self, stage: str, key: str, payload: bytes) -> object:
        """Cache a result."""


class MemorySpeechStore:
    """Least-recently-used cache in memory.

    Args:
        limit_bytes: size of all results together.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._entries: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self.size_bytes = 0

    async def get(self, stage: str, key: str) -> bytes | None:
        """Return a cached result; None when there is none."""
        payload = self._entries.get((stage, key))
        if payload is not None:
            self._entries.move_to_end((stage, key))
        return payload

    async def put(self, stage: str, key: str, payload: bytes) -> None:
        """Cache a result, evicting those that were used longest ago."""
        self.size_bytes += len(payload) - len(self._entries.pop((stage, key), b""))
        self._entries[stage, key] = payload
        while self.size_bytes > self._limit_bytes:
            _, oldest = self._entries.popitem(last=False)
            self.size_bytes -= len(oldest)


log = structlog.get_logger()

_STAGE = "speech"
_SOUND_STAGE = "sound"
"""Speech as samples, for dubbing."""

_MAX_WAITING = 64
"""Texts that may wait to be synthesized; a refused player uses its own voices."""

_RETRY_AFTER_S = 2


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text to be spoken.

    Attributes:
        text: not empty.
        language: language of the text.
        voice_id: the voice's id; None for the language's default voice.
        use_cache: whether cached speech may be returned.
    """

    text: str
    language: Language
    voice_id: str | None = None
    use_cache: bool = True


class SpeechSynthesizer:
    """Synthesizes speech with the configured engine, independently of the GPU and all jobs.

    The engine is loaded on the first request; a server where it is missing works without.

    Args:
        settings: the speech settings.
        store: cache of synthesized speech; in memory unless given.
    """

    def __init__(self, settings: Settings, store: SpeechStore | None = None) -> None:
        self._settings = settings
        self._store = store or MemorySpeechStore(settings.tts.cache_mb * 2**20)
        self._slots = asyncio.Semaphore(settings.tts.concurrency)
        self._waiting = 0
        self._open_lock = asyncio.Lock()
        self._engine: SpeechEngine | None = None
        self._failure: str | None = None if settings.tts.enabled else "TTS_ENABLED is false"

    async def close(self) -> None:
        """Close the engine."""
        if self._engine is not None:
            await self._engine.close()

    async def engine(self) -> SpeechEngine:
        """Return the engine, loading it on the first call.

        Raises:
            SpeechUnavailableError: it is disabled or could not be loaded.
        """
        async with self._open_lock:
            if self._engine is None and self._failure is None:
                await self._open()
        if self._engine is None:
            raise SpeechUnavailableError("Speech is not available on this server")
        return self._engine

    async def voices(self, language: Language | None) -> Sequence[Voice]:
        """Return the voices for a language, the default one first; all of them for None.

        Raises:
            SpeechUnavailableError: speech is not available on this server.
        """
        return (await self.engine()).voices(language)

    async def defaults(self) -> Mapping[str, str]:
        """Return the default voice's id by language tag.

        Raises:
            SpeechUnavailableError: speech is not available on this server.
        """
        return (await self.engine()).defaults()

    async def speak(self, utterance: Utterance) -> bytes:
        """Return a text as MP3.

        Raises:
            SpeechUnavailableError: speech is not available on this server.
            InvalidLanguageError: no voice speaks the language.
            InvalidFieldError: no such voice.
            OverloadedError: too many wait already.
            SpeechError: the engine failed.
        """
        engine = await self.engine()
        voice = _select_voice(engine, utterance)
        key = _key(engine, voice, utterance.text)
        cached = await self._store.get(_STAGE, key) if utterance.use_cache else None
        if cached is not None:
            return cached
        try:
            audio = await self._synthesize(lambda: engine.speak(utterance.text, voice))
        except SpeechTimeoutError as error:
            # Clients of single texts know one code for all that goes wrong with them.
            raise SpeechError(error.message) from None
        await self._store.put(_STAGE, key, audio)
        return audio

    async def sound(
        self, text: str, voice: Voice, speed: float = 1.0, *, waits: bool = False
    ) -> SpeechSound:
        """Return a text as samples, without the silence around it.

        What an engine answers is checked before it is stored: silence, and sound that is far too
        short or too long for the text, are errors.

        Args:
            text: to be spoken.
            voice: of the engine.
            speed: multiple of the voice's own; the nearest one that the engine takes counts.
            waits: whether the time limit begins once it is the text's turn: a dub waits for as long
                as the lines of another one take.

        Raises:
            SpeechUnavailableError: speech is not available on this server.
            SpeechTimeoutError, SpeechSilentError, SpeechTruncatedError: see there.
            OverloadedError: too many wait already.
            SpeechError: the engine failed.
        """
        engine = await self.engine()
        told = engine.abilities.nearest_speed(speed)
        key = _key(engine, voice, text, told)
        cached = await self._store.get(_SOUND_STAGE, key)
        if cached is not None:
            return await read_sound(cached)
        audio = await self._synthesize(lambda: engine.sound(text, voice, told), waits=waits)
        heard = await asyncio.to_thread(heard_part, await read_sound(audio))
        check_length(heard, text, told)
        await self._store.put(_SOUND_STAGE, key, heard.to_wav())
        return heard

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

    async def _synthesize(
        self, work: Callable[[], Awaitable[bytes]], *, waits: bool = False
    ) -> bytes:
        if self._waiting >= _MAX_WAITING:
            raise OverloadedError("Too many texts wait to be spoken", _RETRY_AFTER_S)
        self._waiting += 1
        limit_s = self._settings.tts.timeout_s
        try:
            async with asyncio.timeout(None if waits else limit_s), self._slots:
                async with asyncio.timeout(limit_s if waits else None):
                    return await work()
        except TimeoutError:
            raise SpeechTimeoutError("The text could not be spoken in time") from None
        finally:
            self._waiting -= 1


def _select_voice(engine: SpeechEngine, utterance: Utterance) -> Voice:
    if utterance.voice_id:
        voice = next((v for v in engine.voices(None) if v.id == utterance.voice_id), None)
        if voice is None:
            raise InvalidFieldError("voice_id: no such voice")
        return voice
    voices = engine.voices(utterance.language)
    if not voices:
        raise InvalidLanguageError(f"No voice of this server speaks {utterance.language.tag}")
    return voices[0]


def _key(engine: SpeechEngine, voice: Voice, text: str, speed: float | None = None) -> str:
    parts: list[object] = [engine.name, engine.revision, voice.id, text]
    if speed is not None:
        parts.append(round(speed, 4))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
