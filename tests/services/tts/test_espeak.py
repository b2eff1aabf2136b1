"""espeak-ng: real sound in every language that the extension offers."""

import asyncio
import time

import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineLoadError
from app.domain.language import Language
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from app.services.tts.espeak import EspeakEngine, plain
from app.services.tts.espeak_voices import FEMALE
from app.services.tts.mp3 import to_mp3
from app.settings import Settings, TtsSettings
from tests.processes import command_of, lives, own_children
from tests.real_models import whisper_settings
from tests.services.tts.mp3_reader import heard
from tests.wording import word_errors

OFFERED = [
    *("am", "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fil"),
    *("fr", "gu", "he", "hi", "hr", "hu", "id", "it", "kn", "ko", "lt", "lv", "ml", "mr", "ms"),
    *("nl", "no", "pa", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "sw", "ta", "te", "th"),
    *("tr", "uk", "ur", "vi", "zh", "af", "zh_CN", "zh_TW", "pt_BR", "pt_PT", "en_US", "en_GB"),
    "es_419",
]
"""Source: the extension's lists of languages, all but Japanese."""

SENTENCES = ["please tell the people near the bridge", "she has two brothers and one sister"]


@pytest.fixture
async def engine() -> EspeakEngine:
    engine = EspeakEngine(Settings())
    await engine.open()
    return engine


@pytest.fixture(scope="module")
def ear() -> WhisperxTranscriber:
    return WhisperxTranscriber(whisper_settings())


def default(engine: EspeakEngine, tag: str) -> str | None:
    return next((voice.id for voice in engine.voices(Language.parse(tag))), None)


async def test_the_languages_that_the_extension_offers_have_voices(engine: EspeakEngine) -> None:
    assert [tag for tag in OFFERED if default(engine, tag) is None] == []


@pytest.mark.parametrize(
    ("tag", "voice"),
    [
        ("en", "en-us"),
        ("en_GB", "en-gb"),
        ("en-AU", "en-gb"),
        ("es", "es"),
        ("es_419", "es-419"),
        ("es-MX", "es-419"),
        ("pt", "pt-br"),
        ("pt_BR", "pt-br"),
        ("pt_PT", "pt"),
        ("zh_CN", "cmn-latn-pinyin"),
        ("zh-Hant", "cmn-latn-pinyin"),
        ("zh-HK", "yue"),
        ("no", "nb"),
        ("iw", "he"),
        ("FIL", "id"),
        ("tl", "id"),
        ("gl", "es"),
        ("xh", None),
        # Its voice would say "Chinese letter" for every kanji.
        ("ja", None),
    ],
)
async def test_the_nearest_voice_is_chosen(
    engine: EspeakEngine, tag: str, voice: str | None
) -> None:
    assert default(engine, tag) == voice


async def test_voices_of_a_language_begin_with_its_own(engine: EspeakEngine) -> None:
    voices = engine.voices(Language.parse("pt-PT"))
    assert [voice.id for voice in voices[:2]] == ["pt", f"pt{FEMALE}"]
    assert {voice.lang.partition("-")[0] for voice in voices} == {"pt"}
    assert {voice.gender for voice in voices} == {"male", "female"}
    assert engine.defaults()["pt-BR"] == "pt-br"


async def test_the_operators_voice_comes_first() -> None:
    engine = EspeakEngine(Settings(tts=TtsSettings(voice=f"en-gb{FEMALE}")))
    await engine.open()
    assert default(engine, "en") == f"en-gb{FEMALE}"
    assert default(engine, "de") == "de"


async def test_20_the_right_words_are_heard(engine: EspeakEngine, ear: WhisperxTranscriber) -> None:
    voice = engine.voices(Language.parse("en"))[0]
    samples = [heard(await engine.speak(sentence, voice)) for sentence in SENTENCES]
    texts = await asyncio.to_thread(
        transcribe_windows, ear, [Window(Audio(part)) for part in samples]
    )
    words = [" ".join(segment.text for segment in segments) for segments in texts]
    # The robot is hard to understand for a small model; other sentences share nothing with these.
    assert word_errors(" ".join(SENTENCES), " ".join(words)) <= 0.3, words


async def test_a_womans_voice_is_another_one(engine: EspeakEngine) -> None:
    man, woman = engine.voices(Language.parse("de"))[:2]
    assert await engine.speak("Guten Morgen", man) != await engine.speak("Guten Morgen", woman)


@pytest.mark.parametrize("text", ["♪", "...", "\x00\x01", " "])
async def test_text_without_words_is_a_file_that_plays(engine: EspeakEngine, text: str) -> None:
    voice = engine.voices(Language.parse("en"))[0]
    assert len(heard(await engine.speak(text, voice))) >= 1600


async def test_text_that_looks_like_an_order_is_read_out(engine: EspeakEngine) -> None:
    voice = engine.voices(Language.parse("en"))[0]
    order = heard(await engine.speak("--version -w /tmp/x", voice))
    assert len(order) > 16_000, "it takes more than a second to say"
    assert plain("a\x01+10Sb") == "a +10Sb", "a control character begins a command of espeak-ng"
    assert "[[" not in plain("[[[[")
    assert plain("می‌خواهم") == "می‌خواهم", "a joiner is part of the spelling"
    await engine.speak("half a character \ud83d", voice)


async def test_the_text_is_no_argument_and_whoever_leaves_ends_the_child(
    engine: EspeakEngine,
) -> None:
    voice = engine.voices(Language.parse("en"))[0]
    speaking = asyncio.create_task(engine.speak("a private sentence. " * 5000, voice))
    lines: list[str] = []
    deadline = time.monotonic() + 20
    while not any("espeak-ng" in line for line in lines) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
        lines += [command_of(child) for child in own_children() if lives(child)]
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
    assert any("espeak-ng -b 1 -v en-us" in line for line in lines)
    assert not any("private" in line for line in lines)
    assert not [c for c in own_children() if lives(c) and "espeak-ng" in command_of(c)]


async def test_21_without_the_program_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(EngineLoadError, match="espeak-ng is not installed"):
        await EspeakEngine(Settings()).open()


async def test_whatever_a_server_sends_becomes_mp3(spoken_mp3: bytes) -> None:
    assert len(heard(await to_mp3(spoken_mp3))) > 16_000
