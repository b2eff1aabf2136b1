"""Encoders that fail in the middle: one retry by x264 where NVENC did, none elsewhere."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.domain.errors import StorageError
from app.services.media import video_encoders
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.ffmpeg_runner import FfmpegRunner, FfmpegWork
from app.services.operations.operation import LocalMedia
from app.settings import MediaSettings
from tests.media_operations import Operations, ffmpeg, make_video, probed

SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello there\n"

STAND_IN = """#!/bin/sh
noted() {{ mkdir "{calls}/$(date +%s%N)_$1"; }}
case "$*" in
  *h264_nvenc*-f\\ null*) noted test; exit {test_status};;
  *h264_nvenc*)
    noted h264_nvenc
    for last; do :; done
    printf partial > "${{last#file:}}"
    echo "[h264_nvenc @ 0x55d0] [error] OpenEncodeSessionEx failed: out of memory (10)" >&2
    exit 1;;
  *libx264*) noted libx264;;
esac
exec {ffmpeg} "$@"
"""
"""An ffmpeg whose NVENC passes or fails the test encode, and breaks off in the middle of a job."""


@pytest.fixture
async def operations(tmp_path: Path) -> AsyncIterator[Operations]:
    async with AsyncExitStack() as stack:
        yield await Operations.open(tmp_path, stack, media={"media_encoder": "auto"})


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, *, proven: bool) -> Path:
    """Put the stand-in ahead of ffmpeg; return the folder of its calls.

    A folder each: an ffmpeg that only looks may write no file.
    """
    real, programs, calls = shutil.which("ffmpeg"), folder / "bin", folder / "calls"
    programs.mkdir()
    calls.mkdir()
    program = programs / "ffmpeg"
    program.write_text(STAND_IN.format(calls=calls, test_status=int(not proven), ffmpeg=real))
    program.chmod(0o755)
    device = folder / "nvidiactl"
    device.touch()
    monkeypatch.setattr(video_encoders, "_DEVICES", (device,))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return calls


async def test_contract_c7_8_nvenc_that_breaks_off_in_a_job_costs_one_retry(
    operations: Operations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(tmp_path / "v.mp4", 0.4)
    calls = stand_in(monkeypatch, tmp_path, proven=True)
    answer = await operations.run("caption", url_video=video, subtitles=SRT)
    assert answer["encoder"] == "libx264"
    assert probed(operations.file(answer), "stream=nb_frames") == ["10"]
    assert used(calls) == ["test", "h264_nvenc", "libx264"]
    # It is tested again before the next job; that it still passes costs another try.
    again = await operations.run("caption", url_video=video, subtitles=SRT)
    assert again["encoder"] == "libx264"


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LocalMedia]:
    """A video, one of a codec that streams do not have, a longer sound, a picture."""
    folder = tmp_path_factory.mktemp("media")
    video = make_video(folder / "v.mp4", 0.4, "64x36")
    other, sound, picture = folder / "o.mkv", folder / "a.wav", folder / "p.png"
    ffmpeg("-i", str(video), "-c:v", "mpeg4", str(other))
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=0.8", str(sound))
    Image.new("RGB", (32, 18), (10, 200, 30)).save(picture)
    files = {"video": video, "other": other, "sound": sound, "picture": picture}
    return {name: LocalMedia(path) for name, path in files.items()}


WORDS = [{"word": "Hello", "start": 0, "end": 0.3}]


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("caption_segments", {"url_video": "video", "subtitles": SRT}),
        ("caption_highlight", {"url_video": "video", "words": WORDS}),
        ("img2vid", {"images": [{"id": 1, "image_url": "picture", "duracao": 0.1}], "width": 32}),
        ("addaudio", {"url_video": "video", "url_audio": "sound"}),
        ("concatenate", {"video_urls": [{"video_url": "video"}, {"video_url": "other"}]}),
        ("concat_video_audio", {"video_urls": ["video"], "audio_url": "sound"}),
        ("hls", {"url_video": "other"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_contract_c7_8_every_operation_ends_by_x264(
    operations: Operations,
    media: dict[str, LocalMedia],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    fields: dict[str, object],
) -> None:
    calls = stand_in(monkeypatch, tmp_path, proven=True)
    answer = await operations.run(operation, **filled(fields, media))
    assert answer["encoder"] == "libx264"
    encoders = used(calls)
    assert encoders[:3] == ["test", "h264_nvenc", "libx264"]
    assert encoders.count("h264_nvenc") == encoders.count("libx264"), "one retry for each"
    assert not operations.left_over


def filled(value: Any, media: dict[str, LocalMedia]) -> Any:
    """Return fields with files in the place of their names."""
    if isinstance(value, dict):
        return {name: filled(each, media) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, media) for each in value]
    return media.get(value, value) if isinstance(value, str) else value


async def test_nvenc_that_fails_its_test_is_never_asked_again(
    operations: Operations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(tmp_path / "v.mp4", 0.4)
    calls = stand_in(monkeypatch, tmp_path, proven=False)
    for _ in range(2):
        answer = await operations.run("caption", url_video=video, subtitles=SRT)
        assert answer["encoder"] == "libx264"
    assert used(calls) == ["test", "libx264", "libx264"]


async def test_nvenc_is_tested_at_the_start(
    operations: Operations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video(tmp_path / "v.mp4", 0.4, "64x36")
    calls = stand_in(monkeypatch, tmp_path, proven=False)
    runner = operations.services.operations
    runner.start()
    while used(calls) != ["test"]:
        await asyncio.sleep(0.02)
    assert (await operations.run("caption", url_video=video, subtitles=SRT))["encoder"] == "libx264"
    assert used(calls) == ["test", "libx264"]
    await runner.close()


def used(calls: Path) -> list[str]:
    """Return the encoders that were called, in order."""
    return [each.name.partition("_")[2] for each in sorted(calls.iterdir())]


async def test_a_disk_that_fills_up_during_an_encode_is_said(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", 2, "320x180", sound=False)
    output = tmp_path / "out.mkv"
    output.symlink_to("/dev/full")

    def build(encoder: dict[str, object]) -> GraphNode:
        return media_output(output, media_input(video)["v:0"], **encoder, format="matroska")

    runner = FfmpegRunner(MediaSettings(media_encoder="x264"))
    with pytest.raises(StorageError, match="No space left on device"):
        await runner.encode(build, FfmpegWork((output,), 2000, 2**20))
