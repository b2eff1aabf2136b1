"""Speech engine for OpenAI or any server with its speech protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.domain.errors import EngineLoadError
from app.domain.language import Language
from app.services.tts.speech_engine import ANY_LANGUAGE, Voice
from app.services.tts.speech_server import SERVER_ABILITIES, SpeechServer
from app.settings import Settings

_URL = "https://api.openai.com/v1"
_MODEL = "gpt-4o-mini-tts"
_VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer"),
    "verse",
)
"""Source: https://platform.openai.com/docs/guides/text-to-speech"""


class OpenAiEngine:
    """Synthesizes on a speech server; every voice speaks every language of its model."""

    name = "openai"
    abilities = SERVER_ABILITIES

    def __init__(self, settings: Settings) -> None:
        tts = settings.tts
        url, model = tts.api_url or _URL, tts.model or _MODEL
        self.revision = f"{url} {model}"
        self._configured = bool(tts.api_url or tts.api_key)
        self._server = SpeechServer(tts, url, model)
        # The configured voice may be one that only the server knows.
        names = dict.fromkeys([tts.voice, *_VOICES] if tts.voice else _VOICES)
        self._voices = [Voice(name, name, ANY_LANGUAGE, "neutral") for name in names]

    async def open(self) -> None:
        """Check that a server is configured.

        Raises:
            EngineLoadError: neither its address nor a key is set.
        """
        if not self._configured:
            raise EngineLoadError("TTS_ENGINE is openai, but TTS_API_KEY and TTS_API_URL are unset")

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    def voices(self, language: Language | None) -> Sequence[Voice]:
        """Return all voices, the default one first."""
        del language
        return self._voices

    def defaults(self) -> Mapping[str, str]:
        """Return the default voice's id, under the tag for all languages."""
        return {ANY_LANGUAGE: self._voices[0].id}

    async def speak(self, text: str, voice: Voice) -> bytes:
        """Return the text as MP3.

        Raises:
            SpeechError: the server failed.
        """
        return await self._server.speak(text, voice.id)

    async def sound(self, text: str, voice: Voice, speed: float) -> bytes:
        """Return the text as WAV, or as what the server answers with.

        Raises:
            SpeechError: the server failed.
        """
        return await self._server.sound(text, voice.id, speed)
