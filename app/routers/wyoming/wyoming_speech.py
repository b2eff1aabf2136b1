"""Texts that a Wyoming client has spoken, whole or while they are written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from app.domain.errors import InvalidFieldError, InvalidLanguageError
from app.domain.language import Language
from app.domain.text import ends_sentence
from app.routers.wyoming.wyoming_frames import WyomingEvent
from app.services.tts.speech_engine import Voice
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.submission.request_fields import language_code

_MAX_TEXT_CHARS = 4096
_CHUNK_BYTES = 2048
_USUAL = "en"

Send = Callable[[str, Mapping[str, object], bytes], Awaitable[None]]


class WyomingSpeech:
    """Speaks for one connection.

    A client that streams sends ``synthesize-start``, ``-chunk`` and ``-stop``, and between them
    the whole text as ``synthesize`` for servers that cannot stream, which counts for nothing here.

    Args:
        synthesizer: of the server.
        send: sends an event.
    """

    def __init__(self, synthesizer: SpeechSynthesizer, send: Send) -> None:
        self._synthesizer, self._send = synthesizer, send
        self._voice: Voice | None = None
        self._text: str | None = None
        self._began = False

    async def take(self, event: WyomingEvent) -> None:
        """Do what an event says; others than these are ignored, for protocols grow.

        Raises:
            CuestreamError: it cannot be spoken.
        """
        match event.type:
            case "synthesize" if self._text is None:
                await self._begin(event)
                await self._speak(_text(event))
                await self._end()
            case "synthesize-start":
                await self._begin(event)
                self._text = ""
            case "synthesize-chunk" if self._text is not None:
                await self._add(_text(event))
            case "synthesize-stop" if self._text is not None:
                rest, self._text = self._text, None
                await self._speak(rest)
                await self._end()
                await self._send("synthesize-stopped", {}, b"")

    async def _begin(self, event: WyomingEvent) -> None:
        self._voice = await self._chosen(event.data.get("voice"))
        self._began = False

    async def _add(self, text: str) -> None:
        """Take further text; a sentence that has ended is spoken at once."""
        self._text = f"{self._text}{text}"
        if len(self._text) > _MAX_TEXT_CHARS:
            raise InvalidFieldError(f"a sentence has at most {_MAX_TEXT_CHARS} characters")
        if self._text != self._text.rstrip() and ends_sentence(self._text.rstrip()):
            whole, self._text = self._text, ""
            await self._speak(whole)

    async def _speak(self, text: str) -> None:
        if not text.strip() or self._voice is None:
            return
        sound = await self._synthesizer.sound(text.strip(), self._voice)
        how = {"rate": sound.rate_hz, "width": 2, "channels": 1}
        if not self._began:
            self._began = True
            await self._send("audio-start", how, b"")
        data = sound.samples.astype("<i2").tobytes()
        for at in range(0, len(data), _CHUNK_BYTES):
            await self._send("audio-chunk", how, data[at : at + _CHUNK_BYTES])

    async def _end(self) -> None:
        if not self._began:
            await self._send("audio-start", {"rate": 16_000, "width": 2, "channels": 1}, b"")
        await self._send("audio-stop", {}, b"")

    async def _chosen(self, asked: object) -> Voice:
        """Return the voice that was asked for: by name, else by language.

        Raises:
            InvalidFieldError: there is none of that name.
            InvalidLanguageError: none speaks the language.
        """
        wanted = asked if isinstance(asked, Mapping) else {}
        name, language = wanted.get("name"), wanted.get("language")
        voices = await self._synthesizer.voices(None)
        if isinstance(name, str) and name:
            found = next((voice for voice in voices if voice.id == name), None)
            if found is None:
                raise InvalidFieldError("voice: no such voice")
            return found
        tag: Language = language_code(language if isinstance(language, str) else _USUAL)
        speaking = await self._synthesizer.voices(tag)
        if not speaking:
            raise InvalidLanguageError(f"No voice of this server speaks {tag.tag}")
        return speaking[0]


def _text(event: WyomingEvent) -> str:
    text = event.data.get("text", "")
    if not isinstance(text, str) or len(text) > _MAX_TEXT_CHARS:
        raise InvalidFieldError(f"text has at most {_MAX_TEXT_CHARS} characters")
    return text
