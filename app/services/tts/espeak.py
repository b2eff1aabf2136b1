"""espeak-ng engine, run in child processes: about a hundred languages, small and quick."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Mapping, Sequence

from app.domain.errors import EngineLoadError, SpeechError
from app.domain.language import Language
from app.services.tts.espeak_voices import FEMALE, parse_voices, voices_for
from app.services.tts.mp3 import to_mp3
from app.services.tts.speech_engine import SpeechAbilities, Voice
from app.settings import Settings
from app.system.filter_subprocess import run_filter

_UTF8 = "1"
_WORDS_PER_MIN = 175
_ABILITIES = SpeechAbilities(80 / _WORDS_PER_MIN, 450 / _WORDS_PER_MIN, 22_050)
"""Source: espeak-ng's speak_lib.h, ``espeakRATE_MINIMUM``, ``_NORMAL`` and ``_MAXIMUM``; the rate
is that of its sound."""


class EspeakEngine:
    """Synthesizes with Debian's ``espeak-ng`` program, which reads the text on standard input."""

    name = "espeak"
    revision = "espeak-ng"
    abilities = _ABILITIES

    def __init__(self, settings: Settings) -> None:
        self._preferred = settings.tts.voice
        self._voices: Sequence[Voice] = ()

    async def open(self) -> None:
        """List the voices that are installed.

        Raises:
            EngineLoadError: a program is missing.
        """
        for program in ("espeak-ng", "ffmpeg"):
            if shutil.which(program) is None:
                raise EngineLoadError(f"{program} is not installed")
        try:
            listing = await run_filter(["espeak-ng", "--voices"], b"")
            version = await run_filter(["espeak-ng", "--version"], b"")
        except SpeechError as error:
            raise EngineLoadError(error.message) from None
        self._voices = parse_voices(listing.decode("utf-8", "replace"))
        self.revision = version.decode("utf-8", "replace").partition("Data")[0].strip()
        if not self._voices:
            raise EngineLoadError("espeak-ng has no voices")

    async def close(self) -> None:
        """Do nothing: the engine holds no resources."""

    def voices(self, language: Language | None) -> Sequence[Voice]:
        """Return the voices for a language, the default one first; all of them for None."""
        if language is None:
            return self._voices
        found = voices_for(language, self._voices)
        return sorted(found, key=lambda voice: voice.id != self._preferred)

    def defaults(self) -> Mapping[str, str]:
        """Return the default voice's id by language tag."""
        return {v.lang: v.id for v in reversed(self._voices) if not v.id.endswith(FEMALE)}

    async def speak(self, text: str, voice: Voice) -> bytes:
        """Return the text as MP3.

        Raises:
            SpeechError: a program failed.
        """
        return await to_mp3(await self.sound(text, voice, 1.0))

    async def sound(self, text: str, voice: Voice, speed: float) -> bytes:
        """Return the text as WAV at 22,050 Hz.

        Raises:
            SpeechError: the program failed.
        """
        command = ["espeak-ng", "-b", _UTF8, "-v", voice.id, "--stdin", "--stdout"]
        if speed != 1.0:
            command += ["-s", str(round(speed * _WORDS_PER_MIN))]
        return await run_filter(command, plain(text).encode("utf-8", "replace"))


def plain(text: str) -> str:
    """Return a text without espeak-ng's markup.

    Control characters begin its embedded commands, and two brackets a passage of phoneme
    mnemonics. Source: espeak-ng's guide, docs/markup.md.
    """
    spoken = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    while "[[" in spoken:
        spoken = spoken.replace("[[", "[ [")
    return spoken
