"""Kokoro engine, reached through a server of its own.

Why not inside this process: docs/decisions/0020-kokoro-behind-a-server.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from app.domain.language import Language
from app.domain.language_tags import nearest_tag
from app.services.tts.speech_engine import Gender, Voice
from app.services.tts.speech_server import SERVER_ABILITIES, SpeechServer
from app.settings import Settings

_URL = "http://localhost:8880/v1"
_MODEL = "kokoro"

_LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "a": "en-US",
        "b": "en-GB",
        "e": "es",
        "f": "fr",
        "h": "hi",
        "i": "it",
        "j": "ja",
        "p": "pt-BR",
        "z": "zh",
    }
)
"""Language by a voice's first letter; its second one is its gender.

Source: https://huggingface.co/hexgrad/Kokoro-82M/blob/main/VOICES.md
"""

_GENDERS: Mapping[str, Gender] = MappingProxyType({"f": "female", "m": "male"})

_NAMES = (
    "af_heart af_alloy af_aoede af_bella af_jessica af_kore af_nicole af_nova af_river af_sarah "
    "af_sky am_adam am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa "
    "bf_emma bf_alice bf_isabella bf_lily bm_daniel bm_fable bm_george bm_lewis "
    "ef_dora em_alex em_santa ff_siwis hf_alpha hf_beta hm_omega hm_psi if_sara im_nicola "
    "jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo pf_dora pm_alex pm_santa "
    "zf_xiaobei zf_xiaoni zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang"
)
"""Voices of version 1.0, the best one of each language first. Source: as above."""

_MAX_DISTANCE = 10
"""Largest distance from a voice's language, in CLDR's measure: another region, not another
language."""


class KokoroEngine:
    """Synthesizes on a Kokoro server, which chooses the language by the voice."""

    name = "kokoro"
    abilities = SERVER_ABILITIES

    def __init__(self, settings: Settings) -> None:
        tts = settings.tts
        url, model = tts.api_url or _URL, tts.model or _MODEL
        self.revision = f"{url} {model}"
        self._preferred = tts.voice
        self._server = SpeechServer(tts, url, model)
        self._voices = [_voice(name) for name in _NAMES.split()]

    async def open(self) -> None:
        """Do nothing: whether the server runs shows with the first request."""

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    def voices(self, language: Language | None) -> Sequence[Voice]:
        """Return the voices for a language, the default one first; all of them for None."""
        if language is None:
            return self._voices
        tags = dict.fromkeys(voice.lang for voice in self._voices)
        nearest = nearest_tag(language.tag, list(tags), _MAX_DISTANCE)
        base = nearest.partition("-")[0]
        near = [voice for voice in self._voices if voice.lang.partition("-")[0] == base]
        return sorted(near, key=lambda v: (v.id != self._preferred, v.lang != nearest))

    def defaults(self) -> Mapping[str, str]:
        """Return the default voice's id by language tag."""
        return {voice.lang: voice.id for voice in reversed(self._voices)}

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


def _voice(name: str) -> Voice:
    letters, _, person = name.partition("_")
    return Voice(name, person.capitalize(), _LANGUAGES[letters[0]], _GENDERS[letters[1]])
