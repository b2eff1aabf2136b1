"""What is heard of a recording's channels, measured against the speech that was put into them."""

from collections.abc import AsyncGenerator

import numpy as np
import pytest
from numpy.typing import NDArray

from app.services.media.channel_layout import ChannelLayout
from app.services.media.decoded_packets import Packet
from app.services.media.downmix import Downmix
from tests.conftest import Speech

Floats = NDArray[np.float32]

RATE = 16_000
PAUSE = np.zeros(RATE, np.float32)
FIRST = "The harbour opens at seven in the morning and the first ferry leaves an hour later."
SECOND = "Please bring a warm coat because the wind is strong out there on the water."
OTHER = "Now we talk about something different, since nobody wanted to stay inside that day."


@pytest.fixture(scope="session")
def voice(speech: Speech) -> Floats:
    """Two sentences with pauses, about 11 s."""
    return np.concatenate([speech.samples(FIRST), PAUSE, speech.samples(SECOND), PAUSE])


@pytest.fixture(scope="session")
def other(speech: Speech, voice: Floats) -> Floats:
    """Somebody else who speaks all the time."""
    return np.resize(speech.samples(OTHER, "kal16"), len(voice))


def noise(length: int, seed: int) -> Floats:
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal(length))
    pink = np.fft.irfft(white / np.sqrt(np.arange(1, len(white) + 1)), length)
    return (0.1 * pink / pink.std()).astype(np.float32)


async def mixed(*channels: Floats, layout: str = "", preferred: int = 0) -> tuple[Floats, Downmix]:
    """Return the mono mix of channels that come in packets of odd lengths."""
    pcm = np.rint(np.stack(channels, 1) * 2**15).clip(-(2**15), 2**15 - 1).astype("<i2")

    async def packets() -> AsyncGenerator[Packet, None]:
        for start in range(0, len(pcm), 1337):
            yield Packet(start, pcm[start : start + 1337].tobytes())

    named = ChannelLayout.named(layout) if layout else ChannelLayout()
    downmix = Downmix(len(channels), named, preferred)
    parts, end = [], 0
    async for packet in downmix.mono(packets()):
        assert packet.start_sample == end
        parts.append(np.frombuffer(packet.data, "<i2"))
        end += len(parts[-1])
    return np.concatenate(parts).astype(np.float32) / 2**15, downmix


def likeness(heard: Floats, wanted: Floats) -> float:
    assert len(heard) == len(wanted)
    return float(np.corrcoef(heard, wanted)[0, 1])


@pytest.mark.parametrize("gain", [-1.0, -0.9, -0.5, -0.1])
async def test_case_1_an_inverted_channel_cancels_nothing(voice: Floats, gain: float) -> None:
    heard, _ = await mixed(voice, gain * voice)
    assert likeness(heard, voice) > 0.999
    assert np.abs(heard).max() > 0.4 * np.abs(voice).max()


@pytest.mark.parametrize("share", [0.9, 0.5, 0.35])
async def test_any_negative_correlation(voice: Floats, share: float) -> None:
    room = noise(len(voice), 3) * 0.3
    heard, _ = await mixed(voice, -share * voice + np.float32(1 - share) * room)
    assert likeness(heard, voice) > 0.99


async def test_an_inverted_voice_over_music_that_is_not(voice: Floats) -> None:
    time = np.arange(len(voice), dtype=np.float32) / RATE
    music = 0.15 * np.sin(2 * np.pi * 440 * time) * np.exp(-3 * (time % 0.5))
    heard, _ = await mixed(voice + music, music - voice)
    assert likeness(heard, voice) > 0.8, "a sum would hold music alone"


@pytest.mark.parametrize("side", [0, 1])
async def test_speech_in_one_channel_and_noise_in_the_other(voice: Floats, side: int) -> None:
    channels = [noise(len(voice), 5), noise(len(voice), 6)]
    channels[side] = voice
    assert likeness((await mixed(*channels))[0], voice) > 0.99


@pytest.mark.parametrize("side", [0, 1])
async def test_speech_in_one_channel_and_nothing_in_the_other(voice: Floats, side: int) -> None:
    channels = [np.zeros_like(voice), np.zeros_like(voice)]
    channels[side] = voice
    heard, _ = await mixed(*channels)
    assert np.abs(heard - voice).max() < 1e-3, "it is as loud as it was"


async def test_equal_channels_are_averaged_as_ever(voice: Floats) -> None:
    heard, downmix = await mixed(voice, 0.8 * voice)
    assert np.abs(heard - 0.9 * voice).max() < 1e-3
    assert not downmix.two_programmes.found


async def test_two_people_with_a_channel_each_are_both_heard(speech: Speech) -> None:
    sentences = [speech.samples(FIRST), speech.samples(OTHER, "kal16"), speech.samples(SECOND)]
    left = np.concatenate([sentences[0], 0 * sentences[1], sentences[2]])
    right = np.concatenate([0 * sentences[0], sentences[1], 0 * sentences[2]])
    heard, downmix = await mixed(left, right)
    assert likeness(heard, left + right) > 0.95
    assert not downmix.two_programmes.found


@pytest.mark.parametrize("preferred", [0, 1])
async def test_two_languages_at_once_are_not_mixed(
    voice: Floats, other: Floats, preferred: int
) -> None:
    heard, downmix = await mixed(voice, other, preferred=preferred)
    assert downmix.two_programmes.found
    assert likeness(heard, (voice, other)[preferred]) > 0.99


@pytest.mark.parametrize(("layout", "channels"), [("5.1", 6), ("5.1(side)", 6), ("7.1", 8)])
async def test_case_9_speech_in_the_centre(voice: Floats, layout: str, channels: int) -> None:
    given = [noise(len(voice), seed) for seed in range(channels)]
    given[2] = voice
    assert likeness((await mixed(*given, layout=layout))[0], voice) > 0.999


@pytest.mark.parametrize("centre", ["silent", "noise"])
@pytest.mark.parametrize("place", [0, 1, 4])
async def test_surround_with_speech_outside_the_centre_is_not_lost(
    voice: Floats, centre: str, place: int
) -> None:
    given = [np.zeros_like(voice) for _ in range(6)]
    given[2] = noise(len(voice), 1) if centre == "noise" else given[2]
    given[place] = voice
    assert likeness((await mixed(*given, layout="5.1"))[0], voice) > 0.99


async def test_a_voice_from_the_side_is_heard_beside_the_centre(
    voice: Floats, other: Floats
) -> None:
    silence = np.zeros_like(voice)
    centre = np.concatenate([voice, silence])
    left = np.concatenate([silence, other])
    nothing = np.zeros_like(centre)
    heard, _ = await mixed(left, nothing, centre, nothing, nothing, nothing, layout="5.1")
    assert likeness(heard[: len(voice)], voice) > 0.99
    for at in (0, len(other) - 2 * RATE):  # far below the centre, and then in its place
        part, wanted = heard[len(voice) + at :][: 2 * RATE], other[at:][: 2 * RATE]
        assert np.corrcoef(part, wanted)[0, 1] > 0.95
        assert np.abs(part).max() > 0.1 * np.abs(wanted).max()


async def test_many_channels_without_a_layout(voice: Floats) -> None:
    given = [np.zeros_like(voice) for _ in range(16)]
    given[11] = voice
    assert likeness((await mixed(*given))[0], voice) > 0.99


async def test_nothing_at_all() -> None:
    silence = np.zeros(3 * RATE, np.float32)
    heard, _ = await mixed(silence, silence)
    assert not heard.any()
