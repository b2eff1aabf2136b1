"""Videos with other sound, joined clips, music under speech: lengths, levels, odd media."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from app.domain.errors import (
    EmptyMediaError,
    InvalidFieldError,
    TruncatedMediaError,
    UnreadableMediaError,
)
from app.services.operations.addaudio_operation import tempo_factors
from app.services.operations.clip_cycle import clip_cycle
from app.services.operations.drive_links import download_address
from app.services.operations.operation import LocalMedia
from app.services.operations.trilhasonora_operation import mean_volume_db
from tests.services.operations.conftest import Make, Operations, has, stream

_X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def picture(seconds: float, size: str = "160x90", rate: str = "10") -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]


def tone(seconds: float, hz: int = 440) -> list[str]:
    return ["-f", "lavfi", "-i", f"sine={hz}:duration={seconds}:sample_rate=48000"]


@pytest.fixture(scope="module")
def ten_s(make: Make) -> str:
    return make("ten.mp4", *picture(10), *tone(10), *_X264, "-c:a", "aac", "-shortest")


@pytest.fixture(scope="module")
def fifteen_s(make: Make) -> str:
    return make("fifteen.wav", *tone(15, 220))


def frames(path: Path) -> int:
    return int(stream(path, "video")["nb_read_frames"])


async def test_c7_07_ten_seconds_of_video_and_fifteen_of_sound(
    operations: Operations, ten_s: str, fifteen_s: str
) -> None:
    result = await operations.run("addaudio", url_video=ten_s, url_audio=fifteen_s)
    (made,) = result.files
    assert made.name.endswith("_with_audio.mp4")
    assert result.message == "Audio added successfully with duration sync"
    assert result.fields["speed_factor"] == 0.667
    video, sound = stream(made.path, "video"), stream(made.path, "audio")
    assert video["nb_read_frames"] == "150"
    assert float(video["duration"]) == pytest.approx(15, abs=0.1)
    assert float(sound["duration"]) == pytest.approx(15, abs=0.1)
    assert sound["codec_name"] == "aac"


@pytest.mark.parametrize(
    ("fit", "video_s", "sound_s", "length_s", "encoder"),
    [
        ("video", 2, 1, 1, "libx264"),
        ("audio", 1, 2, 1, "copy"),
        ("pad", 2, 1, 2, "copy"),
        ("pad", 1, 2, 2, "libx264"),
        ("cut", 2, 1, 1, "libx264"),
        ("cut", 1, 2, 1, "copy"),
    ],
)
async def test_lengths_are_made_one_in_the_way_that_is_asked_for(
    operations: Operations,
    make: Make,
    fit: str,
    video_s: int,
    sound_s: int,
    length_s: int,
    encoder: str,
) -> None:
    video = make(f"v{video_s}.mp4", *picture(video_s), *_X264)
    sound = make(f"s{sound_s}.wav", *tone(sound_s))
    result = await operations.run("addaudio", url_video=video, url_audio=sound, fit=fit)
    assert result.fields["encoder"] == encoder
    path = result.files[0].path
    assert float(stream(path, "video")["duration"]) == pytest.approx(length_s, abs=0.101)
    assert float(stream(path, "audio")["duration"]) == pytest.approx(length_s, abs=0.101)


async def test_a_turned_video_is_shown_upright(operations: Operations, make: Make) -> None:
    path = operations.folder.parent / "flat.mp4"
    subprocess.run(["ffmpeg", "-v", "error", *picture(1), *_X264, str(path)], check=True)
    turned = operations.folder.parent / "turned.mp4"
    turn = ["ffmpeg", "-v", "error", "-i", str(path), "-c", "copy", "-metadata:s:v:0", "rotate=90"]
    subprocess.run([*turn, str(turned)], check=True)
    sound = make("turned.wav", *tone(2))
    result = await operations.run("addaudio", url_video=LocalMedia(turned), url_audio=sound)
    video = stream(result.files[0].path, "video")
    assert (video["width"], video["height"]) == (90, 160)
    copied = await operations.run(
        "addaudio", url_video=LocalMedia(turned), url_audio=sound, fit="audio"
    )
    sides = stream(copied.files[0].path, "video")["side_data_list"]
    assert any(abs(int(each.get("rotation", 0))) == 90 for each in sides)


async def test_varying_frame_rates_keep_their_times(operations: Operations, make: Make) -> None:
    """A second at ten frames, then one at two: the middle stays the middle."""
    slow = "select='lt(t,1)+not(mod(n,5))'"
    video = make("vfr.mp4", *picture(2), "-vf", slow, "-fps_mode", "vfr", *_X264)
    sound = make("four.wav", *tone(4))
    result = await operations.run("addaudio", url_video=video, url_audio=sound)
    assert float(stream(result.files[0].path, "video")["duration"]) == pytest.approx(4, abs=0.1)


async def test_media_that_lack_a_track_are_named(
    operations: Operations, make: Make, ten_s: str, fifteen_s: str
) -> None:
    silent = make("silent.mp4", *picture(1), *_X264)
    with pytest.raises(UnreadableMediaError, match="no video"):
        await operations.run("addaudio", url_video=fifteen_s, url_audio=fifteen_s)
    with pytest.raises(EmptyMediaError, match="no sound"):
        await operations.run("addaudio", url_video=ten_s, url_audio=silent)


async def test_sound_that_breaks_off_makes_no_video(
    operations: Operations, tmp_path: Path, ten_s: str
) -> None:
    whole = tmp_path / "whole.ogg"
    command = ["ffmpeg", "-v", "error", *tone(10), "-c:a", "libopus", str(whole)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    cut = tmp_path / "cut.ogg"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    with pytest.raises(TruncatedMediaError):
        await operations.run("addaudio", url_video=ten_s, url_audio=LocalMedia(cut))


def test_tempo_stays_within_the_bounds_of_the_filter() -> None:
    assert tempo_factors(1.5) == [1.5]
    assert tempo_factors(0.2) == [0.5, 0.5, 0.8]
    assert tempo_factors(250) == [100.0, 2.5]


async def test_clips_of_different_kinds_are_joined(operations: Operations, make: Make) -> None:
    first = make("a.mp4", *picture(1, "160x90", "10"), *tone(1), *_X264, "-c:a", "aac", "-shortest")
    tall = make("b.webm", *picture(1, "90x160", "25"), "-c:v", "libvpx", "-cpu-used", "8")
    wide = make("c.mkv", *picture(1, "320x90", "15"), *tone(1), *_X264, "-c:a", "mp3", "-shortest")
    clips = [{"video_url": each} for each in (first, tall, wide)]
    result = await operations.run(
        "concatenate", video_urls=clips, path="x", output_filename="y.mp4"
    )
    assert result.fields["video_count"] == 3
    path = result.files[0].path
    video, sound = stream(path, "video"), stream(path, "audio")
    assert (video["width"], video["height"]) == (160, 90)
    assert int(video["nb_read_frames"]) == 30
    assert float(sound["duration"]) == pytest.approx(3, abs=0.06)
    assert float(video["duration"]) == pytest.approx(3, abs=0.06)


async def test_a_list_of_one_clip_is_refused(operations: Operations, ten_s: str) -> None:
    with pytest.raises(InvalidFieldError, match="video_urls"):
        await operations.run("concatenate", video_urls=[{"video_url": ten_s}])


async def test_c7_15_clips_of_four_and_three_seconds_fill_ten(
    operations: Operations, make: Make
) -> None:
    four = make("four.mp4", *picture(4), *_X264)
    three = make("three.mp4", *picture(3), *tone(3), *_X264, "-c:a", "aac", "-shortest")
    sound = make("ten.wav", *tone(10))
    result = await operations.run(
        "concat_video_audio", video_urls=[four, three], audio_url=sound, normalize=False
    )
    fields = result.fields
    assert (fields["total_segments"], fields["full_cycles"]) == (3, 1)
    assert fields["partial_cycle"] is True
    assert isinstance(fields["duration_diff_ms"], int)
    assert fields["duration_diff_ms"] < 100
    assert fields["audio_duration"] == pytest.approx(10, abs=0.03)
    assert frames(result.files[0].path) == 100
    assert stream(result.files[0].path, "audio")["codec_name"] == "aac"


async def test_clips_are_1080p_at_thirty_frames_unless_asked_otherwise(
    operations: Operations, make: Make
) -> None:
    clip, sound = make("tenth.mp4", *picture(0.2), *_X264), make("tenth.wav", *tone(0.1))
    result = await operations.run("concat_video_audio", video_urls=[clip], audio_url=sound)
    video = stream(result.files[0].path, "video")
    assert (video["width"], video["height"], video["r_frame_rate"]) == (1920, 1080, "30/1")
    assert video["nb_read_frames"] == "3"


def test_a_cycle_fills_frames_exactly() -> None:
    cycle = clip_cycle([40, 30], 100)
    assert (cycle.segments, cycle.last, cycle.full_cycles) == ((0, 1), (0, 30), 1)
    whole = clip_cycle([40, 30], 140)
    assert (whole.segments, whole.last, whole.full_cycles) == ((0, 1, 0, 1), None, 2)
    assert not whole.is_partial
    short = clip_cycle([40, 30], 10)
    assert (short.segments, short.last, short.total) == ((), (0, 10), 1)
    ended = clip_cycle([40, 30], 110)
    assert (ended.segments, ended.is_partial) == ((0, 1, 0), False)


def test_clips_without_length_and_endless_cycles_are_refused() -> None:
    with pytest.raises(InvalidFieldError, match="no length"):
        clip_cycle([40, 0], 100)
    with pytest.raises(InvalidFieldError, match="too short"):
        clip_cycle([1], 10**6)


async def test_a_still_is_no_clip(operations: Operations, make: Make, fifteen_s: str) -> None:
    with pytest.raises(UnreadableMediaError):
        await operations.run("concat_video_audio", video_urls=[fifteen_s], audio_url=fifteen_s)


@pytest.mark.parametrize("channels", [1, 2])
async def test_c7_16_speech_keeps_its_level_and_music_lies_twenty_db_under_it(
    operations: Operations, make: Make, channels: int
) -> None:
    speech = [*tone(4, 300), "-af", "volume=-6dB", "-ac", str(channels), "-c:a", "pcm_s16le"]
    video = make(f"speech{channels}.mov", *picture(4), *speech, *_X264)
    music = make("music.wav", *tone(1.5, 6000))
    result = await operations.run("trilhasonora", url_video=video, trilha_sonora=music)
    assert result.fields["loops_applied"] == 3
    assert result.fields["video_duration"] == pytest.approx(4, abs=0.05)
    assert result.fields["trilha_duration"] == pytest.approx(1.5, abs=0.01)
    assert result.fields["encoder"] == "copy"
    source = operations.folder / "video"
    before = await mean_volume_db(source, 1, 100)
    after = await _band_db(result.files[0].path, "lowpass=f=800:poles=2")
    lowered = await _band_db(source, "lowpass=f=800:poles=2")
    assert abs(after - lowered) < 0.5
    under = await _band_db(result.files[0].path, "highpass=f=1400,highpass=f=1400,highpass=f=1400")
    assert before - under == pytest.approx(20, abs=0.5)


async def _band_db(path: Path, band: str) -> float:
    filtered = path.with_name("band.wav")
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(path), "-map", "0:a", "-af", band]
    await asyncio.to_thread(subprocess.run, [*command, str(filtered)], check=True)
    return await mean_volume_db(filtered, 0, 100)


async def test_music_is_the_sound_of_a_video_without_any(
    operations: Operations, make: Make
) -> None:
    video, music = make("mute.mp4", *picture(2), *_X264), make("short.wav", *tone(0.7))
    result = await operations.run("trilhasonora", url_video=video, trilha_sonora=music)
    assert result.fields["volume_reduction_db"] == 0
    assert has(result.files[0].path, "audio")
    sound = stream(result.files[0].path, "audio")
    assert float(sound["duration"]) == pytest.approx(2, abs=0.06)


@pytest.mark.parametrize(
    ("link", "file_id"),
    [
        (
            "https://drive.google.com/file/d/1AbCdEfGhIjKl_-mno/view?usp=sharing",
            "1AbCdEfGhIjKl_-mno",
        ),
        ("https://drive.google.com/open?id=1AbCdEfGhIjKlmno", "1AbCdEfGhIjKlmno"),
        ("https://drive.google.com/uc?export=download&id=1AbCdEfGhIjKlmno", "1AbCdEfGhIjKlmno"),
    ],
)
def test_links_to_drive_lead_to_the_bytes(link: str, file_id: str) -> None:
    address = download_address(link)
    assert address.startswith("https://drive.usercontent.google.com/download?")
    assert f"id={file_id}" in address


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/file/d/1AbCdEfGhIjKlmno/view",
        "https://drive.google.com.evil.example/file/d/1AbCdEfGhIjKlmno/view",
        "https://drive.google.com/file/d/../../x/view",
        "https://drive.google.com/drive/folders/1AbCdEfGhIjKlmno",
        "http://[",
    ],
)
def test_other_addresses_stay(link: str) -> None:
    assert download_address(link) == link
