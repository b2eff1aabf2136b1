"""Engines that ask a server: OpenAI's protocol over a real connection."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.errors import EngineLoadError, SpeechError
from app.domain.language import Language
from app.services.tts.kokoro import KokoroEngine
from app.services.tts.openai_speech import OpenAiEngine
from app.settings import Settings, TtsSettings
from tests.conftest import Speech
from tests.server import free_port
from tests.services.tts.mp3_reader import heard
from tests.services.tts.speech_site import SpeechSite

ENGLISH = Language.parse("en")


def settings(site: SpeechSite, **more: str) -> Settings:
    return Settings(tts=TtsSettings(api_url=site.url, api_key=SecretStr("sk-secret"), **more))  # type: ignore[arg-type]


async def test_the_request_is_openais(site: SpeechSite, spoken_mp3: bytes) -> None:
    engine = OpenAiEngine(settings(site, model="tts-1", voice="nova"))
    await engine.open()
    voice = engine.voices(ENGLISH)[0]
    assert await engine.speak("Hello", voice) == spoken_mp3
    assert site.asked == [
        {"model": "tts-1", "voice": "nova", "input": "Hello", "response_format": "mp3"}
    ]
    assert site.keys == ["Bearer sk-secret"]
    await engine.close()


async def test_a_voice_that_only_the_server_knows_can_be_set(site: SpeechSite) -> None:
    engine = OpenAiEngine(settings(site, voice="our-narrator"))
    assert [voice.id for voice in engine.voices(None)][:2] == ["our-narrator", "alloy"]
    assert engine.defaults() == {"mul": "our-narrator"}


async def test_without_a_server_and_a_key_it_cannot_speak() -> None:
    with pytest.raises(EngineLoadError, match="TTS_API_KEY"):
        await OpenAiEngine(Settings(tts=TtsSettings())).open()
    await OpenAiEngine(Settings(tts=TtsSettings(api_key=SecretStr("k")))).open()


async def test_a_server_that_sends_wav_anyway(site: SpeechSite, speech: Speech) -> None:
    site.audio = Path(speech.wav("Good morning")).read_bytes()
    engine = OpenAiEngine(settings(site))
    spoken = await engine.speak("Good morning", engine.voices(None)[0])
    assert len(heard(spoken)) > 8_000
    await engine.close()


@pytest.mark.parametrize(("status", "said"), [(401, "401"), (429, "429"), (500, "500")])
async def test_what_the_server_says_is_not_passed_on(
    site: SpeechSite, status: int, said: str
) -> None:
    site.status, site.audio = status, b'{"error": {"message": "key sk-secret is bad"}}'
    engine = OpenAiEngine(settings(site))
    with pytest.raises(SpeechError, match=said) as failure:
        await engine.speak("Hello", engine.voices(None)[0])
    assert "sk-secret" not in failure.value.message
    assert len(site.asked) == 1
    await engine.close()


@pytest.mark.parametrize("audio", [b"", b"<html>not audio</html>"])
async def test_an_answer_that_is_no_sound_is_an_error(site: SpeechSite, audio: bytes) -> None:
    site.audio = audio
    engine = OpenAiEngine(settings(site))
    with pytest.raises(SpeechError):
        await engine.speak("Hello", engine.voices(None)[0])
    await engine.close()


async def test_nobody_there_is_an_error() -> None:
    url = f"http://127.0.0.1:{free_port()}/v1"
    engine = OpenAiEngine(Settings(tts=TtsSettings(api_url=url)))
    with pytest.raises(SpeechError, match="cannot be reached"):
        await engine.speak("Hello", engine.voices(None)[0])
    await engine.close()


@pytest.mark.parametrize(
    ("tag", "voice"),
    [
        ("en", "af_heart"),
        ("en_GB", "bf_emma"),
        ("es_419", "ef_dora"),
        ("pt", "pf_dora"),
        ("zh_TW", "zf_xiaobei"),
        ("ja", "jf_alpha"),
        ("fr-CA", "ff_siwis"),
        ("de", None),
        ("fil", None),
    ],
)
async def test_kokoro_has_a_voice_for_each_of_its_languages(
    site: SpeechSite, tag: str, voice: str | None
) -> None:
    engine = KokoroEngine(settings(site))
    assert next((v.id for v in engine.voices(Language.parse(tag))), None) == voice


async def test_kokoro_asks_its_server(site: SpeechSite, spoken_mp3: bytes) -> None:
    engine = KokoroEngine(settings(site, voice="am_adam"))
    voice = engine.voices(ENGLISH)[0]
    assert await engine.speak("Hello", voice) == spoken_mp3
    assert (site.asked[0]["model"], site.asked[0]["voice"]) == ("kokoro", "am_adam")
    assert (voice.lang, voice.gender) == ("en-US", "male")
    assert len(engine.voices(None)) == 54
    await engine.close()
