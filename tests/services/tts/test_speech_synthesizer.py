"""Speaking, whatever the engine: choosing, remembering, taking turns."""

import asyncio

import pytest

from app.domain.errors import (
    InvalidFieldError,
    InvalidLanguageError,
    OverloadedError,
    SpeechError,
    SpeechUnavailableError,
)
from app.domain.language import Language
from app.services.tts import speech_synthesizer as speaker_module
from app.services.tts.speech_synthesizer import MemorySpeechStore, SpeechSynthesizer, Utterance
from app.settings import Settings, TtsSettings
from tests.services.tts.speech_site import SpeechSite

ENGLISH = Language.parse("en")


def settings(site: SpeechSite, **more: object) -> Settings:
    return Settings(tts=TtsSettings(engine="kokoro", api_url=site.url, **more))  # type: ignore[arg-type]


async def test_a_text_is_spoken_once(site: SpeechSite, spoken_mp3: bytes) -> None:
    speaker = SpeechSynthesizer(settings(site))
    for _ in range(3):
        assert await speaker.speak(Utterance("Hello", ENGLISH)) == spoken_mp3
    assert len(site.asked) == 1
    await speaker.speak(Utterance("Hello", ENGLISH, use_cache=False))
    await speaker.speak(Utterance("Hello", ENGLISH, voice_id="am_adam"))
    await speaker.speak(Utterance("Good bye", ENGLISH))
    assert [(body["input"], body["voice"]) for body in site.asked[1:]] == [
        ("Hello", "af_heart"),
        ("Hello", "am_adam"),
        ("Good bye", "af_heart"),
    ]
    await speaker.close()


async def test_a_store_that_is_given_is_used(site: SpeechSite, spoken_mp3: bytes) -> None:
    store = MemorySpeechStore(2**20)
    first, second = (
        SpeechSynthesizer(settings(site), store),
        SpeechSynthesizer(settings(site), store),
    )
    await first.speak(Utterance("Hello", ENGLISH))
    assert await second.speak(Utterance("Hello", ENGLISH)) == spoken_mp3
    assert len(site.asked) == 1
    other = SpeechSynthesizer(settings(site, model="kokoro-2"), store)
    await other.speak(Utterance("Hello", ENGLISH))
    assert len(site.asked) == 2, "another model sounds different"
    for speaker in (first, second, other):
        await speaker.close()


async def test_a_failure_is_not_remembered(site: SpeechSite, spoken_mp3: bytes) -> None:
    speaker = SpeechSynthesizer(settings(site))
    site.status = 500
    with pytest.raises(SpeechError):
        await speaker.speak(Utterance("Hello", ENGLISH))
    site.status = 200
    assert await speaker.speak(Utterance("Hello", ENGLISH)) == spoken_mp3
    await speaker.close()


async def test_memory_lets_go_of_what_was_used_longest_ago() -> None:
    store = MemorySpeechStore(100)
    for name in "abc":
        await store.put("speech", name, bytes(30))
    assert await store.get("speech", "a") is not None
    await store.put("speech", "d", bytes(30))
    assert await store.get("speech", "b") is None
    assert await store.get("speech", "a") is not None
    await store.put("speech", "a", bytes(10))
    assert store.size_bytes == 70
    await store.put("speech", "e", bytes(101))
    assert (await store.get("speech", "e"), store.size_bytes) == (None, 0)


async def test_no_more_are_spoken_at_a_time_than_may_be(
    site: SpeechSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaker_module, "_MAX_WAITING", 5)
    speaker = SpeechSynthesizer(settings(site, concurrency=2))
    site.gate.clear()
    waiting = [
        asyncio.create_task(speaker.speak(Utterance(f"text {n}", ENGLISH))) for n in range(5)
    ]
    async with asyncio.timeout(20):
        while site.under_way < 2:
            await asyncio.sleep(0.01)
        with pytest.raises(OverloadedError):
            await speaker.speak(Utterance("one more", ENGLISH))
        site.gate.set()
        await asyncio.gather(*waiting)
    assert site.peak == 2
    assert len(site.asked) == 5
    await speaker.close()


async def test_a_server_that_hangs_is_given_up(site: SpeechSite) -> None:
    speaker = SpeechSynthesizer(settings(site, timeout_s=0.3))
    site.gate.clear()
    with pytest.raises(SpeechError):
        await speaker.speak(Utterance("Hello", ENGLISH))
    assert await asyncio.to_thread(site.left.wait, 20)
    await speaker.close()


async def test_voices_and_languages_that_do_not_exist(site: SpeechSite) -> None:
    speaker = SpeechSynthesizer(settings(site))
    with pytest.raises(InvalidLanguageError, match="de"):
        await speaker.speak(Utterance("Hallo", Language.parse("de")))
    with pytest.raises(InvalidFieldError, match="voice"):
        await speaker.speak(Utterance("Hello", ENGLISH, voice_id="--version"))
    assert site.asked == []


@pytest.mark.parametrize("why", ["switched off", "program missing", "nothing configured"])
async def test_21_where_it_cannot_speak_it_says_so(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tts = TtsSettings(enabled=why != "switched off")
    if why == "program missing":
        monkeypatch.setenv("PATH", "/nonexistent")
    if why == "nothing configured":
        tts = TtsSettings(engine="openai")
    speaker = SpeechSynthesizer(Settings(tts=tts))
    for ask in (speaker.defaults(), speaker.voices(None), speaker.speak(Utterance("a", ENGLISH))):
        with pytest.raises(SpeechUnavailableError) as refusal:
            await ask
        assert "TTS" not in refusal.value.message, "the reason is the operator's"


@pytest.mark.parametrize("name", ["edge-tts", "gtts"])
def test_other_servers_engines_count_as_ours(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTS_BACKEND", name)
    assert TtsSettings().engine == "embedded"
    monkeypatch.setenv("TTS_ENGINE", "kokoro")
    assert TtsSettings().engine == "kokoro"
