"""Dubbing with real voices and real ffmpeg."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from app.domain.audio import Audio
from app.domain.captions import Caption
from app.domain.cue import Cue
from app.domain.errors import InvalidFieldError, UnreadableMediaError
from app.domain.time import Span
from app.gpu.engines.whisperx import WhisperxTranscriber
from app.gpu.protocols import Window
from app.gpu.self_test import transcribe_windows
from app.services.dubbing.dub_mix import MIXED_LAYOUTS
from app.services.operations.dub_cues import one_after_another
from tests.chat_server import ChatServer
from tests.chatting import translator_at
from tests.processes import MEDIA_PROGRAMS, named, own_children
from tests.real_models import whisper_settings
from tests.services.operations.dubbing import (
    Dubber,
    Samples,
    cues_of,
    decoded,
    lines_of,
    loudness,
    make_media,
    onsets_ms,
    probe,
    speech_onsets_ms,
    tone_level,
)
from tests.wording import word_errors

RATE_HZ = 44_100
CUES = cues_of(
    (700, 2400, "Good evening, and welcome."),
    (3300, 5200, "The house is near the river."),
    (6050, 8000, "Everybody is very glad."),
)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine and a bit seconds of stereo noise with a picture, at a rate that is not ours."""
    path = tmp_path_factory.mktemp("dub") / "talk.mkv"
    return make_media(
        path,
        "anoisesrc=d=9.1234:c=pink:a=0.05:r=44100:seed=1,aformat=channel_layouts=stereo",
        "testsrc=d=9.12:s=64x64:r=10",
        **{"c:a": "flac", "c:v": "libx264", "preset": "ultrafast"},
    )


@pytest.fixture(scope="module")
def ear() -> WhisperxTranscriber:
    return WhisperxTranscriber(whisper_settings("base"))


async def test_every_line_begins_with_its_cue_and_the_length_is_the_originals(
    talk: Path, tmp_path: Path
) -> None:
    result = await Dubber(tmp_path, CUES).dub(talk, mode="replace")
    (file,) = result.files
    sound = decoded(file.path, RATE_HZ)
    assert len(sound) == len(decoded(talk, RATE_HZ)) == result.fields["samples"]
    for begins in (speech_onsets_ms(file.path), onsets_ms(sound, RATE_HZ, 500)):
        for wanted, begun in zip(CUES, begins, strict=True):
            assert abs(begun - wanted.span.start_ms) <= 100
    lines = lines_of(result)
    assert all(line["fits"] and line["spoken"] for line in lines)
    assert all(a["end_ms"] <= b["start_ms"] for a, b in pairwise(lines))


async def test_another_ear_hears_the_words_again(
    talk: Path, ear: WhisperxTranscriber, tmp_path: Path
) -> None:
    """Through the ducked original, in two voices, of which one is sped up."""
    said = [
        (500, 3300, "We are going to talk about the history of the river.", "SPEAKER_00"),
        (3300, 5900, "My grandmother remembered the winter when it was covered with ice.", "B"),
        (6100, 8900, "People could walk across it for three weeks.", "SPEAKER_00"),
    ]
    cues = [
        Cue(n, Span(begin, end), text, speaker=who, language="en")
        for n, (begin, end, text, who) in enumerate(said)
    ]
    voices = {"SPEAKER_00": "en-gb", "B": "en-us"}
    result = await Dubber(tmp_path, cues).dub(talk, format="wav", voices=voices)
    sound = Audio(decoded(result.files[0].path, 16_000))
    (segments,) = await asyncio.to_thread(transcribe_windows, ear, [Window(sound)])
    heard = " ".join(segment.text for segment in segments)
    assert word_errors(" ".join(text for _, _, text, _ in said), heard) <= 0.1, heard
    assert [line["voice"] for line in lines_of(result)] == ["en-gb", "en-us", "en-gb"]


async def test_the_original_is_lower_under_speech_and_the_speech_as_loud_as_it_was(
    tmp_path: Path,
) -> None:
    tone = make_media(tmp_path / "tone.wav", "sine=f=3900:d=6:sample_rate=48000", af="volume=-14dB")
    cues = cues_of((2000, 4000, "The house is near the river."))
    (tmp_path / "out").mkdir()
    dubber = Dubber(tmp_path / "out", cues)
    ducked = decoded((await dubber.dub(tone, format="wav")).files[0].path, 48_000)
    level = tone_level(ducked[48_000 // 2 : 48_000], 3900, 48_000)
    under = tone_level(ducked[2_300 * 48 : 3_000 * 48], 3900, 48_000)
    after = tone_level(ducked[5_200 * 48 : 5_800 * 48], 3900, 48_000)
    assert abs(20 * np.log10(under / level) + 15) < 1.5
    assert abs(20 * np.log10(after / level)) < 0.3
    replaced = (await dubber.dub(tone, mode="replace", format="wav")).files[0].path
    assert abs(loudness(replaced) - loudness(tone)) < 1.5
    mixed = decoded((await dubber.dub(tone, mode="mix", format="wav")).files[0].path, 48_000)
    assert abs(20 * np.log10(tone_level(mixed[2_300 * 48 : 3_000 * 48], 3900, 48_000) / level)) < 1
    assert len(ducked) == len(mixed) == 6 * 48_000


@pytest.mark.parametrize("layout", ["stereo", "5.1", "5.1(side)"])
async def test_channels_stay_and_speech_comes_from_where_dialogue_is(
    tmp_path: Path, layout: str
) -> None:
    """Each channel of the original has a tone of its own."""
    channels = {"stereo": 2}.get(layout, 6)
    tones = "|".join(f"0.05*sin({2000 + 500 * n}*2*PI*t)" for n in range(channels))
    path = make_media(tmp_path / "t.wav", f"aevalsrc={tones}:c={layout}:d=6:s=48000")
    (tmp_path / "out").mkdir()
    dubber = Dubber(tmp_path / "out", cues_of((2000, 4000, "The house is near the river.")))
    result = await dubber.dub(path, format="flac")
    assert result.fields["channel_layout"] == layout
    assert not [code for code, _ in result.notices if code == "sound_downmixed"]
    made = result.files[0].path
    for number in range(channels):
        before = channel(path, number, 48_000)
        after = channel(made, number, 48_000)
        hz = 2000 + 500 * number
        quiet, under = slice(24_000, 48_000), slice(2_300 * 48, 3_000 * 48)
        level = tone_level(before[quiet], hz, 48_000)
        assert abs(20 * np.log10(tone_level(after[quiet], hz, 48_000) / level)) < 0.3
        assert abs(20 * np.log10(tone_level(after[under], hz, 48_000) / level) + 15) < 1.5
    replaced = (await dubber.dub(path, mode="replace", format="flac")).files[0].path
    heard = [peak != "-inf" for peak in peaks(replaced)]
    assert heard == ([True, True] if channels == 2 else [n == 2 for n in range(6)])
    assert abs(loudness(replaced) - loudness(path)) < 1


@pytest.mark.parametrize("layout", ["mono", "quad", "7.1"])
async def test_limited_speech_is_in_its_channels_alone_and_as_loud_as_wanted(
    tmp_path: Path, layout: str
) -> None:
    """The programme is loud, so peaks are limited, and only its last channel has sound."""
    count = MIXED_LAYOUTS[layout]
    tones = "|".join(["0"] * (count - 1) + ["0.15*sin(3900*2*PI*t)"])
    path = make_media(tmp_path / "t.wav", f"aevalsrc={tones}:c={layout}:d=5:s=48000")
    (tmp_path / "out").mkdir()
    dubber = Dubber(tmp_path / "out", cues_of((500, 4500, "The house is near the river.")))
    replaced = (await dubber.dub(path, mode="replace")).files[0].path
    spoken = {"mono": [0], "quad": [0, 1]}.get(layout, [2])
    levels = peaks(replaced)
    assert [n for n, peak in enumerate(levels) if peak != "-inf"] == spoken
    assert all(float(levels[n]) < -1.9 for n in spoken)
    assert abs(loudness(replaced) - loudness(path)) < 1
    mixed = (await dubber.dub(path, mode="mix")).files[0].path
    heard = [n for n, peak in enumerate(peaks(mixed)) if peak != "-inf"]
    assert heard == sorted({*spoken, count - 1})
    tone = tone_level(channel(mixed, count - 1, 48_000)[2_000:20_000], 3900, 48_000)
    before = tone_level(channel(path, count - 1, 48_000)[2_000:20_000], 3900, 48_000)
    assert abs(20 * np.log10(tone / before)) < 0.3


def peaks(path: Path) -> list[str]:
    """Return the highest level of each channel in dB, `-inf` for one that is silent."""
    meter = "astats=measure_overall=none:measure_perchannel=Peak_level"
    command = ["ffmpeg", "-hide_banner", "-i", str(path), "-af", meter, "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, check=True).stderr.decode()
    return [line.split()[-1] for line in said.splitlines() if "Peak level dB" in line]


def channel(path: Path, number: int, rate_hz: int) -> Samples:
    """Return the samples of one channel."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-af", f"pan=mono|c0=c{number}"]
    command += ["-ar", str(rate_hz), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4")


async def test_a_format_with_fewer_channels_is_told(tmp_path: Path) -> None:
    path = make_media(
        tmp_path / "t.wav", "anoisesrc=d=3:a=0.05:r=48000,aformat=channel_layouts=5.1"
    )
    (tmp_path / "out").mkdir()
    dubber = Dubber(tmp_path / "out", cues_of((500, 2500, "The house is near the river.")))
    for form, channels, told in (("mp3", 2, ["sound_downmixed"]), ("opus", 6, []), ("m4a", 6, [])):
        result = await dubber.dub(path, format=form)
        assert probe(result.files[0].path)[0]["channels"] == channels
        assert [code for code, _ in result.notices if code == "sound_downmixed"] == told


async def test_the_video_gets_a_second_track_and_keeps_its_own(talk: Path, tmp_path: Path) -> None:
    result = await Dubber(tmp_path, CUES).dub(talk, output="track", default_track=True)
    streams = probe(result.files[0].path)
    assert [each["codec_type"] for each in streams] == ["video", "audio", "audio"]
    assert [each["codec_name"] for each in streams[1:]] == ["flac", "aac"]
    assert streams[2]["tags"]["language"] == "eng"
    assert [each["disposition"]["default"] for each in streams[1:]] == [0, 1]
    own = decoded(result.files[0].path, RATE_HZ, "0:a:0")
    assert np.array_equal(own, decoded(talk, RATE_HZ))
    begins = speech_onsets_ms(await replaced_track(talk, tmp_path), stream="0:a:1")
    assert all(abs(at - cue.span.start_ms) <= 100 for at, cue in zip(begins, CUES, strict=True))


async def replaced_track(talk: Path, folder: Path) -> Path:
    """Return the video with the speech alone as its second track."""
    result = await Dubber(folder, CUES).dub(talk, output="track", mode="replace")
    (first, second) = probe(result.files[0].path)[1:]
    assert (first["disposition"], second["disposition"]["default"]) == (
        probe(talk)[0]["disposition"],
        0,
    )
    return result.files[0].path


async def test_a_silent_video_gets_its_first_sound(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    video = make_media(
        tmp_path / "silent.mp4",
        "testsrc=d=8.5:s=64x64:r=10",
        **{"c:v": "libx264", "preset": "ultrafast"},
    )
    result = await Dubber(tmp_path / "out", CUES).dub(video, output="video")
    streams = probe(result.files[0].path)
    assert [each["codec_type"] for each in streams] == ["video", "audio"]
    assert result.files[0].media_type == "video/mp4"
    assert abs(float(streams[1]["duration"]) - 8.5) < 0.03
    with pytest.raises(UnreadableMediaError, match="no video"):
        sound = make_media(tmp_path / "sound.wav", "sine=d=9")
        await Dubber(tmp_path / "out", CUES).dub(sound, output="track")


async def test_subtitles_alone_become_a_track_of_speech(tmp_path: Path) -> None:
    result = await Dubber(tmp_path, CUES).dub(None, mode="replace")
    begins = onsets_ms(decoded(result.files[0].path, 48_000), 48_000, 500)
    assert all(abs(at - cue.span.start_ms) <= 100 for at, cue in zip(begins, CUES, strict=True))


LONG = "The new harbour bridge of Valencia cost 4500 euros and was opened by the mayor in spring."
SPANISH = (
    "El nuevo puente del puerto de Valencia costó 4500 euros y fue inaugurado por la señora "
    "alcaldesa durante la primavera."
)


async def test_what_does_not_fit_is_told_and_cuts_nothing(talk: Path, tmp_path: Path) -> None:
    cues = cues_of((500, 3400, LONG), (3400, 5000, "She said so."), (8000, 9000, "[door] ♪ la ♪"))
    result = await Dubber(tmp_path, cues).dub(talk, mode="replace")
    first, second, third = lines_of(result)
    assert (first["fits"], first["speed_up"] > 1.2) == (False, True)
    assert second["late_ms"] > 0
    assert second["start_ms"] >= first["end_ms"]
    assert (third["spoken"], third["reason"]) == (False, "song")
    assert {code for code, _ in result.notices} == {
        "lines_not_spoken",
        "lines_shifted",
        "lines_too_long",
        "speech_loudness_bounded",
    }


@pytest.mark.parametrize(
    ("shorter", "condensed"),
    [
        ("El puente de Valencia costó 4500 euros.", True),
        ("El puente del puerto costó 4500 euros.", False),  # the name is lost
        ("El puente de Valencia es muy caro.", False),  # the figure is lost
    ],
)
async def test_what_does_not_fit_is_condensed_by_the_translator(
    talk: Path, tmp_path: Path, shorter: str, condensed: bool
) -> None:
    cues = [
        Cue(0, Span(500, 4300), LONG, SPANISH, language="en"),
        Cue(1, Span(4300, 5500), "She said so.", "Ella lo dijo.", language="en"),
    ]
    with ChatServer(translate=lambda *_: SPANISH, condense=lambda *_: shorter) as server:
        dubber = Dubber(tmp_path, cues, target="es", translator=lambda: translator_at(server))
        first, second = lines_of(await dubber.dub(talk, mode="replace"))
    assert first["condensed"] is condensed
    assert first["fits"] is condensed
    assert (second["late_ms"] == 0) is condensed


async def test_voices_are_given_by_label_and_unknown_ones_are_refused(
    talk: Path, tmp_path: Path
) -> None:
    cues = [replace(cue, speaker=f"SPEAKER_0{n % 2}") for n, cue in enumerate(CUES)]
    chosen = {"SPEAKER_01": "en-gb", "SPEAKER_07": "en-us"}
    result = await Dubber(tmp_path, cues).dub(talk, voices=chosen)
    assert [line["voice"] for line in lines_of(result)][1] == "en-gb"
    assert "SPEAKER_07" in dict(result.notices)["voices_unused"]
    with pytest.raises(InvalidFieldError, match="no such voice"):
        await Dubber(tmp_path, cues).dub(talk, voice="nobody")


async def test_who_leaves_ends_the_work_and_nothing_is_left_running(
    talk: Path, tmp_path: Path
) -> None:
    dubber = Dubber(tmp_path, cues_of(*[(n * 80, n * 80 + 60, f"Line {n}.") for n in range(100)]))
    work = asyncio.create_task(dubber.dub(talk))
    while not any("Speaking" in told.message for told in dubber.told):
        await asyncio.sleep(0.01)
    assert dubber.told[-1].eta_ms is not None
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    async with asyncio.timeout(60):  # a killed process of a busy machine takes a while to go
        while named(own_children(), *MEDIA_PROGRAMS):
            await asyncio.sleep(0.05)


def test_captions_of_one_span_are_spoken_one_after_another() -> None:
    items = [
        Caption(Span(1000, 4000), "abcd", speaker="Anna"),
        Caption(Span(1000, 4000), "ab", speaker="Bob"),
        Caption(Span(4000, 5000), "c", speaker="Anna"),
    ]
    found = one_after_another(items)
    assert [item.span for item in found] == [Span(1000, 3000), Span(3000, 4000), Span(4000, 5000)]
    assert [item.speaker for item in found] == ["Anna", "Bob", "Anna"]
