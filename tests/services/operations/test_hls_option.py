"""`hls` as an option: what operations make comes as a stream too, with every sound of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.services.files.result_file import FileLink, NewFile, StoredFile
from app.services.operations.hls_stream import GrowingPlaylist
from app.services.operations.operation import LocalMedia
from app.services.operations.operation_context import OperationContext
from tests.media_operations import FAST, Operations, ffmpeg, make_video
from tests.media_operations import probed as probed_lines

SRT = "1\n00:00:00,000 --> 00:00:01,000\nHello there\n"


def probed(path: Path, entries: str, stream: str = "v:0") -> list[str]:
    """Return what ffprobe says of a stream; a transport stream's it lists by its programme too."""
    return list(dict.fromkeys(probed_lines(path, entries, stream)))


@pytest.fixture
async def operations(tmp_path: Path) -> AsyncIterator[Operations]:
    async with AsyncExitStack() as stack:
        yield await Operations.open(tmp_path, stack)


def stored(operations: Operations, url: str) -> Path:
    """Return the stored file of a link."""
    key = url.rpartition("/files/")[2].partition("-")[0]
    return operations.folder / "files" / f"{key}.bytes"


def playlist(operations: Operations, url: str) -> list[str]:
    return stored(operations, url).read_text().splitlines()


def first_segment(operations: Operations, url: str) -> Path:
    """Return the first segment that a media playlist names."""
    lines = playlist(operations, url)
    return stored(operations, next(line for line in lines if not line.startswith("#")))


def attribute(line: str, name: str) -> str:
    return line.partition(f'{name}="')[2].partition('"')[0]


async def test_a_captioned_video_comes_as_a_stream_too(operations: Operations) -> None:
    video = make_video(operations.folder / "v.mp4", 2)
    answer = await operations.run("caption", url_video=video, subtitles=SRT, hls=True)
    assert operations.file(answer).stat().st_size == answer["size_bytes"]
    assert answer["hls"]["encoder"] == "copy"
    assert answer["hls"]["segments"] >= 1
    assert answer["hls"]["duration"] == pytest.approx(2, abs=0.1)
    main = playlist(operations, answer["playlist_url"])[-1]
    segment = first_segment(operations, main)
    assert probed(segment, "stream=codec_name,width,height") == ["h264,320,180"]
    assert probed(segment, "stream=codec_name", "a") == ["aac"]
    percents = [each["percent"] for each in operations.progress]
    assert percents == sorted(percents)
    assert not operations.left_over


async def test_soft_tracks_become_renditions(operations: Operations) -> None:
    video = make_video(operations.folder / "v.mp4")
    answer = await operations.run(
        "mux", url_video=video, subtitles=SRT, language="de", container="mkv", hls="true"
    )
    assert [each["language"] for each in answer["hls"]["subtitles"]] == ["de"]
    master = playlist(operations, answer["playlist_url"])
    assert any('LANGUAGE="de"' in line and "TYPE=SUBTITLES" in line for line in master)


async def test_each_picture_has_a_stream_of_its_own(operations: Operations) -> None:
    picture = operations.folder / "p.png"
    Image.new("RGB", (32, 18), (10, 200, 30)).save(picture)
    images = [{"id": name, "image_url": LocalMedia(picture), "duracao": 0.2} for name in ("a", "b")]
    answer = await operations.run("img2vid", images=images, width=32, height=18, hls=True)
    urls = [each["playlist_url"] for each in answer["videos"]]
    assert len(set(urls)) == 2
    assert all(each["hls"]["segments"] == 1 for each in answer["videos"])


def two_sounds(path: Path) -> Path:
    """Make a video whose picture is coded with B-frames, with two sounds in two languages."""
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=2"),
        *("-f", "lavfi", "-i", "sine=300:d=2", "-f", "lavfi", "-i", "sine=900:d=2"),
        *("-map", "0", "-map", "1", "-map", "2", *FAST, "-bf", "3", "-pix_fmt", "yuv420p"),
        *("-c:a:0", "aac", "-c:a:1", "libmp3lame", "-metadata:s:a:0", "language=eng"),
        *("-metadata:s:a:1", "language=deu", "-metadata:s:a:1", "title=Deutsch"),
        *("-disposition:a:0", "0", "-disposition:a:1", "default", str(path)),
    )
    return path


async def test_every_sound_is_a_rendition_on_the_clock_of_the_picture(
    operations: Operations,
) -> None:
    answer = await operations.run("hls", url_video=two_sounds(operations.folder / "two.mkv"))
    assert [each["language"] for each in answer["audio"]] == ["en", "de"]
    master = playlist(operations, answer["playlist_url"])
    first, second = (line for line in master if "TYPE=AUDIO" in line)
    assert "URI=" not in first, "the first one comes with the picture"
    assert 'NAME="Deutsch"' in second
    assert "DEFAULT=NO" in first
    assert "DEFAULT=YES" in second
    assert any('AUDIO="sound"' in line for line in master)
    main = first_segment(operations, master[-1])
    other = first_segment(operations, attribute(second, "URI"))
    assert probed(other, "stream=codec_type", "V") == []
    starts = [
        float(probed(path, "stream=start_time", stream)[0].strip(","))
        for path, stream in ((main, "a:0"), (other, "a:0"), (main, "v:0"))
    ]
    # Sound begins up to a frame of its encoder (1024 samples) ahead of time 0.
    assert starts == pytest.approx([starts[2]] * 3, abs=0.06)


async def test_a_picture_that_is_shown_turned_is_encoded_upright(operations: Operations) -> None:
    plain = make_video(operations.folder / "v.mp4")
    turned = operations.folder / "turned.mp4"
    ffmpeg("-i", str(plain), "-c", "copy", "-metadata:s:v", "rotate=90", str(turned))
    answer = await operations.run("hls", url_video=turned)
    assert answer["encoder"] == "libx264"
    segment = first_segment(operations, playlist(operations, answer["playlist_url"])[-1])
    assert probed(segment, "stream=width,height") == ["180,320"]


async def test_subtitles_keep_their_time_where_the_picture_begins_late(
    operations: Operations,
) -> None:
    """The clock of the subtitles is that of the file, not that of its first picture."""
    late = operations.folder / "late.mkv"
    plain = make_video(operations.folder / "v.mp4", 2)
    ffmpeg(
        *("-i", str(plain), "-itsoffset", "0.5", "-i", str(plain), "-map", "0:a", "-map", "1:v"),
        *("-c", "copy", str(late)),
    )
    answer = await operations.run("hls", url_video=late, tracks=[{"subtitles": SRT}])
    mapped = _subtitle_clock_s(operations, answer)
    main = first_segment(operations, playlist(operations, answer["playlist_url"])[-1])
    sound_s = float(probed(main, "stream=start_time", "a:0")[0].strip(","))
    assert mapped == pytest.approx(sound_s, abs=0.06)


def _subtitle_clock_s(operations: Operations, answer: Mapping[str, Any]) -> float:
    master = playlist(operations, answer["playlist_url"])
    line = next(line for line in master if "TYPE=SUBTITLES" in line)
    texts = playlist(operations, attribute(line, "URI"))
    vtt = stored(operations, next(each for each in texts if not each.startswith("#"))).read_text()
    return int(vtt.partition("MPEGTS:")[2].partition(",")[0]) / 90_000


async def test_a_segment_that_a_failed_encoder_cut_off_is_not_kept(
    operations: Operations, tmp_path: Path
) -> None:
    """What was stored stays while another encoder makes the whole from its beginning."""
    stored: dict[str, bytes] = {}

    async def deliver(file: NewFile) -> FileLink:
        content = file.content if isinstance(file.content, bytes) else file.content.read_bytes()
        stored[file.name] = content
        kept = StoredFile(file.name, "key", file.media_type, len(content), "")
        return FileLink(f"http://x/{file.name}", 0, kept)

    def encode(length_s: float) -> None:
        """Make segments of a second, the last one shorter, and end the playlist."""
        ffmpeg(
            *("-f", "lavfi", "-i", f"testsrc2=s=64x64:r=10:d={length_s}", *FAST),
            *("-force_key_frames", "expr:gte(t,n_forced)", "-f", "hls", "-hls_time", "1"),
            *("-hls_list_size", "0", "-hls_segment_filename", str(tmp_path / "s_%05d.ts")),
            str(tmp_path / "s.m3u8"),
        )

    services: Any = None
    context = OperationContext(services, tmp_path, lambda _: None, deliver)
    playlist = GrowingPlaylist(context, tmp_path / "s.m3u8", "s")
    encode(1.4)
    assert await playlist.publish(ended=False)
    first = stored["s_00000.ts"]
    encode(2.6)
    await playlist.publish(ended=True)
    assert [each.duration_s for each in playlist.segments] == pytest.approx([1, 1, 0.6], abs=0.01)
    assert stored["s_00000.ts"] is first
    assert sorted(stored) == ["s.m3u8", "s_00000.ts", "s_00001.ts", "s_00002.ts"]
    assert b"#EXT-X-ENDLIST" in stored["s.m3u8"]
