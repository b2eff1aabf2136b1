import asyncio
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.audio import Audio
from app.domain.errors import (
    EmptyMediaError,
    MediaTooLongError,
    NoSpeechError,
    TruncatedMediaError,
    UnreadableMediaError,
)
from app.services.media import silence
from app.services.sources.opener import MediaOpener
from app.system.workdir import WorkDir
from tests.conftest import read_samples
from tests.processes import own_children
from tests.services.conftest import Make, OpenerFactory
from tests.services.loopback import read_all, upload

SEARCH_S = 1.0
"""How long opening may search for sound, however slow the machine is."""

pytestmark = pytest.mark.usefixtures("leaves_nothing")


def joined(blocks: list[Audio]) -> NDArray[np.float32]:
    return np.concatenate([block.samples for block in blocks])


def loud_from_ms(samples: NDArray[np.float32]) -> float:
    """Return the start of the first sound in milliseconds."""
    return float(np.argmax(np.abs(samples) > 0.02)) / 16


async def opening_s(opener: MediaOpener, path: Path) -> float:
    """Return how long a recording takes to open, in seconds."""
    began = time.monotonic()
    media = await opener.open(upload(path))
    took = time.monotonic() - began
    await media.aclose()
    return took


def cut(path: Path, folder: Path, share: float) -> Path:
    """Return a copy without its end."""
    copy = folder / path.name
    data = path.read_bytes()
    copy.write_bytes(data[: int(len(data) * share)])
    return copy


async def test_audio_is_contiguous_from_the_start_in_whole_blocks(
    opener: MediaOpener, tone_wav: Path
) -> None:
    media = await opener.open(upload(tone_wav))
    assert media.duration_ms == 20_000
    blocks = await read_all(media)
    assert blocks[0].start_sample == 0
    for before, after in pairwise(blocks):
        assert after.start_sample == before.end_sample
        assert len(before.samples) == 8192
    assert blocks[-1].end_sample == 320_000
    samples = joined(blocks)
    spectrum = np.abs(np.fft.rfft(samples[:16000]))
    assert int(np.argmax(spectrum)) == 440


async def test_speech_arrives_as_it_was_spoken(opener: MediaOpener, dialogue: Path) -> None:
    reference = np.frombuffer(
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", str(dialogue), "-f", "s16le", "-"],
            check=True,
            capture_output=True,
        ).stdout,
        "<i2",
    )
    blocks = await read_all(await opener.open(upload(dialogue)))
    assert np.array_equal(joined(blocks) * 32768, reference)


@pytest.mark.parametrize(
    "name",
    [
        *("a.mp3", "a.m4a", "a.flac", "a.ogg", "a.opus", "a.aac", "a.aiff", "a.wma", "a.webm"),
        *("a.mov", "a.mkv", "a.avi", "a.ts", "a.mpg", "a.flv", "a.3gp", "a.caf", "a.w64"),
    ],
)
async def test_common_formats(opener: MediaOpener, make_media: Make, name: str) -> None:
    tone = ["-f", "lavfi", "-i", "sine=440:duration=4", "-ac", "2", "-ar", "48000"]
    codec = {"a.mpg": ["-c:a", "mp2"], "a.3gp": ["-c:a", "aac"]}.get(name, [])
    path = make_media(name, *tone, *codec)
    blocks = await read_all(await opener.open(upload(path)))
    assert abs(blocks[-1].end_sample - 64_000) < 2000
    middle = joined(blocks)[16_000:32_000]
    assert int(np.argmax(np.abs(np.fft.rfft(middle)))) == 440


@pytest.mark.parametrize("container", ["mkv", "mp4", "mov", "ts", "m2ts"])
async def test_an_audio_track_that_starts_late_keeps_its_place(
    opener: MediaOpener, make_media: Make, container: str
) -> None:
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=6")
    late = ("-itsoffset", "1.5", "-f", "lavfi", "-i", "sine=440:duration=3")
    maps = ("-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
    path = make_media(f"late.{container}", *picture, *late, *maps)
    samples = joined(await read_all(await opener.open(upload(path))))
    assert abs(loud_from_ms(samples) - 1500) < 60
    assert not samples[: 16 * 1400].any()


async def test_a_hole_in_the_audio_keeps_what_follows_in_place(
    opener: MediaOpener, make_media: Make
) -> None:
    # Samples 2 s to 4 s are missing from the file, their times are not.
    graph = "sine=440:duration=6,aselect='not(between(t,2,4))'"
    path = make_media("hole.mkv", "-f", "lavfi", "-i", graph, "-c:a", "pcm_s16le")
    samples = joined(await read_all(await opener.open(upload(path))))
    assert abs(len(samples) - 96_000) < 1600
    assert not samples[16 * 2200 : 16 * 3800].any()
    assert np.abs(samples[16 * 4200 : 16 * 5800]).max() > 0.05


async def test_the_default_track_is_taken(opener: MediaOpener, make_media: Make) -> None:
    low, high = ("-f", "lavfi", "-i", "sine=300:d=3"), ("-f", "lavfi", "-i", "sine=900:d=3")
    marks = ("-map", "0", "-map", "1", "-disposition:a:0", "0", "-disposition:a:1", "default")
    path = make_media("tracks.mkv", *low, *high, *marks)
    samples = joined(await read_all(await opener.open(upload(path))))
    assert int(np.argmax(np.abs(np.fft.rfft(samples[16_000:32_000])))) == 900


async def test_the_upload_stays_when_its_media_is_closed(
    opener: MediaOpener, tone_wav: Path
) -> None:
    media = await opener.open(upload(tone_wav))
    await media.aclose()
    await media.aclose()
    assert tone_wav.exists()


async def test_an_empty_file(opener: MediaOpener, tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.write_bytes(b"")
    with pytest.raises(EmptyMediaError):
        await opener.open(upload(path))


@pytest.mark.parametrize(
    "data", [b"hello world\n" * 50, b"\x89PNG\r\n\x1a\n" + bytes(5000), b"%PDF-1.4\n" * 40, b"x"]
)
async def test_what_is_not_media(opener: MediaOpener, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    with pytest.raises(UnreadableMediaError) as caught:
        await opener.open(upload(path))
    assert str(tmp_path) not in caught.value.message


async def test_noise_is_not_media(opener: MediaOpener, tmp_path: Path) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(np.random.default_rng(7).bytes(200_000))
    with pytest.raises(UnreadableMediaError):
        await opener.open(upload(path))


async def test_a_video_without_sound_says_so(opener: MediaOpener, make_media: Make) -> None:
    path = make_media("mute.mp4", "-f", "lavfi", "-i", "testsrc=size=64x64:duration=2")
    with pytest.raises(UnreadableMediaError, match="no audio track"):
        await opener.open(upload(path))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("camera.mp4", ()),
        ("web.mp4", ("-movflags", "+faststart")),
        ("pieces.mp4", ("-movflags", "frag_keyframe+empty_moov")),
        ("a.mkv", ()),
        ("a.avi", ()),
        ("a.flv", ("-c:a", "mp3")),
    ],
)
@pytest.mark.parametrize("share", [0.5, 0.75])
async def test_a_cut_video(
    opener: MediaOpener,
    make_media: Make,
    video_mp4: Path,
    tmp_path: Path,
    name: str,
    options: tuple[str, ...],
    share: float,
) -> None:
    whole = make_media(f"cut-{name}", "-i", str(video_mp4), "-c", "copy", *options)
    assert (await read_all(await opener.open(upload(whole))))[-1].end_sample >= 19 * 16_000
    with pytest.raises(TruncatedMediaError):
        await opener.open(upload(cut(whole, tmp_path, share)))


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.m4a", "a.aiff"])
async def test_a_cut_recording(
    opener: MediaOpener, make_media: Make, tone_wav: Path, tmp_path: Path, name: str
) -> None:
    whole = make_media(f"whole-{name}", "-i", str(tone_wav))
    assert (await read_all(await opener.open(upload(whole))))[-1].end_sample >= 319_000
    with pytest.raises(TruncatedMediaError):
        await opener.open(upload(cut(whole, tmp_path, 0.6)))


async def test_a_long_recording_of_varying_rate_is_not_taken_for_cut(
    opener: MediaOpener, make_media: Make
) -> None:
    graph = "sine=440:duration=300,volume='if(lt(mod(t,20),10),1,0.0001)':eval=frame"
    path = make_media("vbr.mp3", "-f", "lavfi", "-i", graph, "-q:a", "7", "-write_xing", "0")
    media = await opener.open(upload(path))
    assert (await read_all(media))[-1].end_sample >= 299 * 16_000


async def test_damage_in_the_middle_is_passed_over(
    opener: MediaOpener, make_media: Make, tone_wav: Path, tmp_path: Path
) -> None:
    data = bytearray(make_media("damaged.mp3", "-i", str(tone_wav)).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path = tmp_path / "damaged.mp3"
    path.write_bytes(data)
    blocks = await read_all(await opener.open(upload(path)))
    assert blocks[-1].end_sample > 18 * 16_000


async def test_an_end_that_turns_out_to_be_missing_is_an_error_there(
    opener: MediaOpener, make_media: Make, tone_wav: Path, tmp_path: Path
) -> None:
    # The structure is complete, but the last third of the packets is not audio any more.
    data = bytearray(make_media("rotten.flac", "-i", str(tone_wav)).read_bytes())
    start = len(data) * 2 // 3
    data[start:-400] = bytes(len(data) - start - 400)
    path = tmp_path / "rotten.flac"
    path.write_bytes(data)
    blocks: list[Audio] = []
    with pytest.raises(TruncatedMediaError):
        media = await opener.open(upload(path))
        try:
            async for block in media.blocks:
                blocks.append(block)
        finally:
            await media.aclose()


async def test_longer_than_allowed_by_its_container(
    opener_with: OpenerFactory, tone_wav: Path
) -> None:
    assert await read_all(await opener_with(max_duration_s=20).open(upload(tone_wav)))
    with pytest.raises(MediaTooLongError, match="18 s"):
        await opener_with(max_duration_s=18).open(upload(tone_wav))


async def test_longer_than_allowed_without_a_container_that_says_so(
    opener_with: OpenerFactory, make_media: Make, tone_wav: Path
) -> None:
    path = make_media("long.aac", "-i", str(tone_wav))
    media = await opener_with(max_duration_s=5).open(upload(path))
    blocks: list[Audio] = []
    with pytest.raises(MediaTooLongError):
        async for block in media.blocks:
            blocks.append(block)
    await media.aclose()
    assert 5 * 16_000 <= blocks[-1].end_sample <= 6 * 16_000


@pytest.mark.parametrize("graph", ["anullsrc", "anoisesrc=amplitude=0.0005"])
async def test_a_silent_file(
    opener: MediaOpener, make_media: Make, graph: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "_TIME_LIMIT_S", 60.0)  # a busy machine decodes it slowly
    path = make_media("silent.flac", "-f", "lavfi", "-t", "30", "-i", graph)
    with pytest.raises(NoSpeechError, match="silent"):
        await opener.open(upload(path))


@pytest.mark.parametrize("noise", [0, 0.0005])
async def test_silence_at_the_start_is_kept(
    opener: MediaOpener, make_media: Make, tone_wav: Path, noise: float
) -> None:
    graph = (
        f"anoisesrc=duration=22:amplitude={noise or 1e-9}:sample_rate=16000[n];"
        "sine=440:duration=2:sample_rate=16000,adelay=20000[s];[n][s]amix=duration=longest"
    )
    path = make_media("late.wav", "-filter_complex", graph, "-ar", "16000")
    loud_s = await opening_s(opener, tone_wav)
    began = time.monotonic()
    media = await opener.open(upload(path))
    assert time.monotonic() - began < SEARCH_S + 40 * loud_s
    blocks = await read_all(media)
    assert blocks[0].start_sample == 0
    for before, after in pairwise(blocks):
        assert after.start_sample == before.end_sample
    samples = joined(blocks)
    assert abs(len(samples) - 22 * 16_000) < 100
    assert abs(loud_from_ms(samples) - 20_000) < 60
    assert bool(np.abs(samples[:16_000]).max() > 0) == bool(noise)


async def test_nothing_is_read_far_ahead(opener: MediaOpener, make_media: Make) -> None:
    # 20 min of PCM at 16 kHz: 38 MB that ffmpeg passes through nearly at once.
    path = make_media("long.wav", "-f", "lavfi", "-i", "sine=440:duration=1200", "-ar", "16000")
    media = await opener.open(upload(path))
    await asyncio.sleep(0.5)
    (ffmpeg,) = [p for p in own_children() if p.name() == "ffmpeg"]
    assert ffmpeg.io_counters().read_chars < 4 * 2**20
    for _ in range(20):
        await anext(media.blocks)
    await asyncio.sleep(0.3)
    assert ffmpeg.io_counters().read_chars < 4 * 2**20
    await media.aclose()


async def test_opening_is_quick(opener: MediaOpener, tone_wav: Path) -> None:
    took: list[float] = []
    decoding: list[float] = []
    for _ in range(5):
        began = time.monotonic()
        await asyncio.to_thread(read_samples, tone_wav)
        decoding.append(time.monotonic() - began)
        took.append(await opening_s(opener, tone_wav))
    # Both about 0.06 s on an idle machine; the tone is 20 s.
    assert min(took) < 8 * min(decoding)


@pytest.mark.parametrize("wait_s", [0.0, 0.005, 0.02, 0.04, 0.06, 0.1])
async def test_cancelling_while_opening(
    opener: MediaOpener, make_media: Make, tone_wav: Path, wait_s: float
) -> None:
    path = make_media("cancel.flac", "-i", str(tone_wav))
    task = asyncio.create_task(opener.open(upload(path)))
    await asyncio.sleep(wait_s)
    if task.done():
        await task.result().aclose()
        return
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_cancelling_while_reading(opener: MediaOpener, tone_wav: Path) -> None:
    opened = asyncio.Event()

    async def read() -> None:
        media = await opener.open(upload(tone_wav))
        try:
            async for _ in media.blocks:
                opened.set()
                await asyncio.sleep(1)
        finally:
            await media.aclose()

    task = asyncio.create_task(read())
    await opened.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_no_temporary_files_for_an_upload(
    opener: MediaOpener, tone_wav: Path, workdir: WorkDir
) -> None:
    media = await opener.open(upload(tone_wav))
    assert [path.name for path in workdir.path.iterdir()] == [".cuestream-work"]
    await media.aclose()


async def test_a_gap_in_time_is_counted_and_costs_no_memory(
    opener: MediaOpener, make_media: Make
) -> None:
    # Filled by ffmpeg, the gap would take 2 GiB, which is more than a decoder may have.
    jump = "asetpts=PTS+gt(T\\,2)*10000*SR"
    tone = ("-f", "lavfi", "-i", "sine=440:duration=5", "-af", jump, "-c:a", "libopus")
    media = await opener.open(upload(make_media("gap.mkv", *tone)))
    blocks = await read_all(media)
    assert abs(blocks[-1].end_sample - 10_005 * 16_000) < 1600
    assert abs(media.gap_ms() - 10_000_000) < 100
    marked = [block for block in blocks if block.gap]
    assert sum(len(block.samples) for block in marked) > 9999 * 16_000
    assert not any(block.samples.any() for block in marked)
    assert any(block.samples.any() for block in blocks[-4:]), "the sound after it is there"
