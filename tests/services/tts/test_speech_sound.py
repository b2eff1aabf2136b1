"""Speech as samples: what engines send that is no speech has a code of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import (
    CuestreamError,
    SpeechError,
    SpeechSilentError,
    SpeechTimeoutError,
    SpeechTruncatedError,
)
from app.domain.language import Language
from app.services.dubbing.line_speaker import LineSpeaker, SpeechOrder
from app.services.tts.espeak import EspeakEngine
from app.services.tts.speech_engine import Voice
from app.services.tts.speech_sound import SpeechSound, heard_part, read_sound
from app.services.tts.speech_synthesizer import SpeechSynthesizer
from app.settings import Settings, TtsSettings
from tests.conftest import Speech
from tests.server import free_port
from tests.services.tts.speech_site import SpeechSite

SENTENCE = "The water came up very fast last night."
VOICE = Voice("af_heart", "Heart", "en-US", "female")


def synthesizer(url: str, **more: object) -> SpeechSynthesizer:
    return SpeechSynthesizer(Settings(tts=TtsSettings(engine="kokoro", api_url=url, **more)))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def wav(speech: Speech) -> bytes:
    return Path(speech.wav(SENTENCE)).read_bytes()


def as_wav(samples: np.ndarray, rate_hz: int) -> bytes:
    return SpeechSound(samples.astype(np.int16), rate_hz).to_wav()


async def test_the_silence_around_speech_is_cut_and_the_speech_is_not(wav: bytes) -> None:
    sound = await read_sound(wav)
    quiet = np.random.default_rng(1).integers(-3, 4, sound.rate_hz * 2)
    padded = SpeechSound(np.concatenate([quiet, sound.samples, quiet]).astype(np.int16), 16_000)
    once, again = heard_part(sound), heard_part(padded)
    assert abs(len(once.samples) - len(again.samples)) <= 16_000 // 100
    assert sound.length_ms - 400 < once.length_ms <= sound.length_ms


async def test_every_speed_is_the_engines_own() -> None:
    speaker = SpeechSynthesizer(Settings())
    engine = await speaker.engine()
    assert isinstance(engine, EspeakEngine)
    voice = (await speaker.voices(Language.parse("en")))[0]
    usual, fast = await speaker.sound(SENTENCE, voice), await speaker.sound(SENTENCE, voice, 1.25)
    assert usual.rate_hz == engine.abilities.sample_rate_hz
    assert 1.15 < usual.length_ms / fast.length_ms < 1.35
    assert engine.abilities.nearest_speed(99) == engine.abilities.fastest


async def test_a_server_is_asked_for_speed_and_each_speed_is_stored(
    site: SpeechSite, wav: bytes
) -> None:
    site.audio = wav
    speaker = synthesizer(site.url)
    for speed in (1.0, 1.2, 1.2, 1.0):
        await speaker.sound(SENTENCE, VOICE, speed)
    assert [(body["response_format"], body.get("speed")) for body in site.asked] == [
        ("wav", None),
        ("wav", 1.2),
    ]
    await speaker.close()


async def broken(site: SpeechSite, audio: bytes) -> CuestreamError:
    site.audio = audio
    speaker = synthesizer(site.url)
    with pytest.raises(SpeechError) as failure:
        await speaker.sound(SENTENCE, VOICE)
    site.audio = b""
    with pytest.raises(SpeechError):
        await speaker.sound(SENTENCE, VOICE)  # nothing of it was stored
    await speaker.close()
    return failure.value


async def test_silence_a_break_and_a_wrong_rate_are_told_apart(
    site: SpeechSite, wav: bytes
) -> None:
    silence = as_wav(np.zeros(32_000), 16_000)
    assert type(await broken(site, silence)) is SpeechSilentError
    cut = wav[: len(wav) // 2]
    assert type(await broken(site, cut)) is SpeechTruncatedError
    short = as_wav((await read_sound(wav)).samples[:8000], 16_000)
    assert type(await broken(site, short)) is SpeechTruncatedError
    slow = as_wav((await read_sound(wav)).samples, 1000)
    assert (await broken(site, slow)).code == "speech_failed"
    assert (await broken(site, b"<html>no sound</html>")).code == "speech_failed"


async def test_a_voice_may_hold_a_letter_or_not(site: SpeechSite, wav: bytes) -> None:
    site.audio = wav
    speaker = synthesizer(site.url)
    for text in (f"N{'o' * 200}!", f"¡G{'o' * 150}{'O' * 50}l!", "哈" * 60):
        assert (await speaker.sound(text, VOICE)).length_ms > 0
    with pytest.raises(SpeechTruncatedError):
        await speaker.sound(SENTENCE * 5, VOICE)
    await speaker.close()


async def test_a_dubs_line_has_its_time_from_its_turn_on(site: SpeechSite, wav: bytes) -> None:
    """The only place is taken for as long as a text may take, and the line waits for it."""
    site.audio = wav
    site.gate.clear()
    speaker = synthesizer(site.url, timeout_s=1, concurrency=1)
    first = asyncio.create_task(speaker.sound("One", VOICE, waits=True))
    first.add_done_callback(lambda _: site.gate.set())
    await asyncio.sleep(0)
    line = asyncio.create_task(speaker.sound("Two", VOICE, waits=True))
    with pytest.raises(SpeechTimeoutError):
        await first
    assert (await line).length_ms > 0
    await speaker.close()


async def test_a_slow_server_is_given_up(site: SpeechSite) -> None:
    site.gate.clear()
    speaker = synthesizer(site.url, timeout_s=0.2)
    with pytest.raises(SpeechTimeoutError):
        await speaker.sound(SENTENCE, VOICE)
    assert site.left.wait(5)
    await speaker.close()


def orders(count: int) -> list[SpeechOrder]:
    return [SpeechOrder(n, f"{SENTENCE} {n}", VOICE) for n in range(count)]


async def test_a_dead_engine_ends_the_work_after_a_few_lines() -> None:
    speaker = synthesizer(f"http://127.0.0.1:{free_port()}/v1")
    lines = LineSpeaker(speaker, 1)
    with pytest.raises(SpeechError, match="cannot be reached"):
        await lines.speak_all(orders(50), lambda *_: None)
    assert len(lines.failures) == 3
    await speaker.close()


async def test_a_line_that_fails_is_told_and_the_others_are_spoken(
    site: SpeechSite, wav: bytes
) -> None:
    site.audio = wav
    speaker = synthesizer(site.url)
    lines = LineSpeaker(speaker, 1)
    spoken: list[int] = []

    def take(order: SpeechOrder, _: SpeechSound) -> None:
        spoken.append(order.number)
        site.audio = as_wav(np.zeros(32_000), 16_000) if order.number == 0 else wav

    failing = [orders(4)[0], orders(4)[1]]
    await lines.speak_all(failing, take)
    assert (spoken, lines.failures) == ([0], {1: "speech_silent"})
    assert len(site.asked) == 3, "it was tried twice"
    await speaker.close()


async def test_the_only_line_that_fails_fails_the_job(site: SpeechSite) -> None:
    site.audio = as_wav(np.zeros(32_000), 16_000)
    speaker = synthesizer(site.url)
    with pytest.raises(SpeechSilentError):
        await LineSpeaker(speaker, 2).speak_all(orders(1), lambda *_: None)
    await speaker.close()
