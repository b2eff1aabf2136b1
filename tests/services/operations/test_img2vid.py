"""Videos of pictures: exact lengths, even zooms, order, bounds, pictures that cannot be read."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import InvalidFieldError, MediaTooLongError, UnreadableMediaError
from app.services.media.encode_places import EncodePlaces
from app.services.media.ffmpeg_runner import FfmpegRunner
from app.services.media.pictures.zoom_path import ZOOM_PATHS
from app.services.operations.operation import LocalMedia
from app.services.operations.zoom_video import encode_zoom
from app.settings import JobSettings, MediaSettings
from tests.media_server import MediaServer
from tests.services.operations.conftest import Operations, has, stream

SMALL = {"width": 160, "height": 90}
"""Frames that cost little."""


@pytest.fixture(scope="module")
def photo(site: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a picture of 16:9."""
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(path)
    return site.add(path)


def images(count: int, address: object, duracao: float) -> list[dict[str, object]]:
    return [{"id": f"p{n}", "image_url": address, "duracao": duracao} for n in range(count)]


async def test_c7_03_five_pictures_of_two_seconds_at_thirty_frames(
    operations: Operations, photo: str
) -> None:
    result = await operations.run("img2vid", **SMALL, images=images(5, photo, 2.0), frame_rate=30)
    assert result.message == "Images converted to videos successfully"
    assert (result.fields["total"], result.fields["processed"]) == (5, 5)
    assert result.list_field == "videos"
    assert [each.fields["id"] for each in result.files] == ["p0", "p1", "p2", "p3", "p4"]
    assert [each.fields["index"] for each in result.files] == [1, 2, 3, 4, 5]
    assert [each.name for each in result.files] == [f"p{n}_video.mp4" for n in range(5)]
    for each in result.files:
        video = stream(each.path, "video")
        assert (video["width"], video["height"]) == (160, 90)
        assert video["r_frame_rate"] == "30/1"
        assert video["nb_read_frames"] == "60"
        assert float(video["duration"]) == pytest.approx(2.0, abs=0.001)
        assert (video["codec_name"], video["pix_fmt"]) == ("h264", "yuv420p")
        assert video["color_space"] == "bt709"
        assert not has(each.path, "audio")


async def test_c7_04_a_time_between_frames_is_met_to_the_frame(
    operations: Operations, photo: str
) -> None:
    result = await operations.run("img2vid", **SMALL, images=images(1, photo, 3.33), frame_rate=24)
    video = stream(result.files[0].path, "video")
    assert video["nb_read_frames"] == "80"
    assert abs(float(video["duration"]) - 3.33) < 1 / 24


async def test_rates_of_television_and_single_frames(operations: Operations, photo: str) -> None:
    result = await operations.run("img2vid", images=images(1, photo, 0.04), frame_rate=29.97)
    video = stream(result.files[0].path, "video")
    assert (video["r_frame_rate"], video["nb_read_frames"]) == ("30000/1001", "1")
    assert (video["width"], video["height"]) == (1920, 1080)


_MARKS = ((560, 340), (1360, 340), (560, 740), (1360, 740))
"""Centres of spots in a picture of 1920 × 1080, around its middle."""


def spotted(path: Path) -> None:
    """Write a picture with four soft spots."""
    y, x = np.mgrid[0:1080, 0:1920]
    light = sum(np.exp(-((x + 0.5 - a) ** 2 + (y + 0.5 - b) ** 2) / 288) for a, b in _MARKS)
    Image.fromarray(np.rint(255 * np.clip(light, 0, 1)).astype(np.uint8)).save(path)


def frames_of(path: Path) -> np.ndarray:
    """Return the luma of all frames, from 0."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, 1080, 1920).astype(np.float64)


def spot_near(frame: np.ndarray, x: float, y: float) -> np.ndarray:
    """Return the centre of light around a place, in pixels."""
    left, top = max(0, int(x) - 60), max(0, int(y) - 60)
    light = frame[top : top + 120, left : left + 120]
    light = np.where(light > 8, light, 0)
    rows, columns = np.mgrid[0 : light.shape[0], 0 : light.shape[1]] + 0.5
    return np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum() + (left, top)


@pytest.mark.parametrize("zoom", ["kenburns", "zoompanright"])
async def test_c7_11_no_frame_is_half_a_pixel_from_where_the_zoom_is(
    operations: Operations, tmp_path: Path, zoom: str
) -> None:
    spotted(tmp_path / "spots.png")
    item = {"id": 1, "duracao": 1, "zoom": zoom, "image_url": LocalMedia(tmp_path / "spots.png")}
    result = await operations.run("img2vid", images=[item], frame_rate=8)
    frames = frames_of(result.files[0].path)
    assert len(frames) == 8
    errors = []
    for number, frame in enumerate(frames):
        window = ZOOM_PATHS[zoom].window(number, 8)
        scale = 1 / (window.right - window.left)
        ideal = [
            ((x - 1920 * window.left) * scale, (y - 1080 * window.top) * scale) for x, y in _MARKS
        ]
        shown = [
            (place, spot_near(frame, *place))
            for place in ideal
            if 70 < place[0] < 1850 and 70 < place[1] < 1010
        ]
        assert shown
        errors.append(np.mean([found - np.array(place) for place, found in shown], axis=0))
    apart = np.abs(errors)
    steps = np.abs(np.diff(errors, axis=0))
    assert apart.max() < 0.25
    assert steps.max() < 0.25


async def test_c7_05_never_more_encoders_than_the_batch_and_results_in_order(
    operations: Operations, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operations.media = MediaSettings(media_encoder="x264", batch_size=5, media_jobs=8)
    running, most = 0, 0

    async def counted(context: object, video: object) -> str:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        try:
            return await encode_zoom(context, video)  # type: ignore[arg-type]
        finally:
            running -= 1

    monkeypatch.setattr("app.services.operations.img2vid_operation.encode_zoom", counted)
    lengths = [0.5, 0.1, 0.3, 0.1, 0.1, 0.2, *([0.1] * 8), 0.3]
    items = [
        {"id": f"same-{n % 2}", "image_url": photo, "duracao": each}
        for n, each in enumerate(lengths)
    ]
    result = await operations.run("img2vid", **SMALL, images=items, frame_rate=10)
    assert most == 5
    counts = [stream(each.path, "video")["nb_read_frames"] for each in result.files]
    # Ids that come twice clobber nothing.
    assert counts == ["5", "1", "3", "1", "1", "2", *(["1"] * 8), "3"]
    percents = [each.percent for each in operations.told]
    assert percents == sorted(percents)
    assert percents[-1] == 100


async def test_c7_06_names_and_ids_of_placed_results_count_from_the_start_index(
    operations: Operations, photo: str
) -> None:
    result = await operations.run(
        "img2vid", **SMALL, images=images(2, photo, 0.1), start_index=16, path="videos/7/"
    )
    assert [each.name for each in result.files] == ["video_17.mp4", "video_18.mp4"]
    assert [each.fields["id"] for each in result.files] == ["17", "18"]
    assert [each.fields["client_id"] for each in result.files] == ["p0", "p1"]
    assert {each.fields["zoom"] for each in result.files} == {"zoomin"}


async def test_c7_10_zoom_types_are_spread_and_told(operations: Operations, photo: str) -> None:
    zooms = ["zoomin", "zoomout", "zoompanright"]
    result = await operations.run(
        "img2vid", **SMALL, images=images(4, photo, 0.04), zoom_types=zooms, seed=3
    )
    told = [each.fields["zoom"] for each in result.files]
    assert sorted(told) == ["zoomin", "zoomin", "zoomout", "zoompanright"]


async def test_c7_12_a_square_picture_keeps_its_proportions(
    operations: Operations, tmp_path: Path
) -> None:
    path = tmp_path / "square.png"
    Image.new("L", (200, 200), 255).save(path)
    items = [{"id": 1, "image_url": LocalMedia(path), "duracao": 0.04}]
    result = await operations.run("img2vid", images=items)
    (frame,) = frames_of(result.files[0].path)
    rows, columns = (frame > 128).any(1).sum(), (frame > 128).any(0).sum()
    assert (rows, abs(int(columns) - 1080) <= 2) == (1080, True)


async def test_a_picture_that_cannot_be_read_fails_alone(
    operations: Operations, photo: str, site: MediaServer, tmp_path: Path
) -> None:
    broken, empty = tmp_path / "broken.jpg", tmp_path / "empty.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    empty.touch()
    addresses = [photo, site.add(broken), site.add(empty), f"{site.url}/status/404", photo]
    items = [{"id": f"p{n}", "image_url": each, "duracao": 0.1} for n, each in enumerate(addresses)]
    result = await operations.run("img2vid", **SMALL, images=items)
    assert [each.fields["id"] for each in result.files] == ["p0", "p4"]
    assert [each.fields["index"] for each in result.files] == [1, 5]
    assert (result.fields["total"], result.fields["processed"]) == (5, 2)
    errors = result.fields["errors"]
    assert isinstance(errors, list)
    assert [(each["id"], each["index"], each["code"]) for each in errors] == [
        ("p1", 2, "media_unreadable"),
        ("p2", 3, "media_empty"),
        ("p3", 4, "source_removed"),
    ]
    assert str(operations.folder) not in str(errors)


async def test_a_job_without_any_video_fails(operations: Operations, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html></html>")
    with pytest.raises(UnreadableMediaError):
        await operations.run("img2vid", images=images(2, LocalMedia(path), 0.1))


@pytest.mark.parametrize(
    "fields",
    [
        {"images": []},
        {"images": "photo.jpg"},
        {"images": [{"id": "a", "image_url": "http://x/y.jpg"}]},
        {"images": [{"id": "a", "image_url": "http://x/y.jpg", "duracao": 0}]},
        {"images": [{"id": "a", "image_url": "http://x/y.jpg", "duracao": "NaN"}]},
        {"images": [{"id": "", "image_url": "http://x/y.jpg", "duracao": 1}]},
        {"images": [{"image_url": "http://x/y.jpg", "duracao": 1}]},
        {"images": [{"id": "a", "image_url": "", "duracao": 1}]},
        {"images": images(1, "http://x/y.jpg", 1), "frame_rate": 0},
        {"images": images(1, "http://x/y.jpg", 1), "frame_rate": 1e9},
        {"images": images(1, "http://x/y.jpg", 1), "zoom_types": ["spin"]},
        {"images": images(1, "http://x/y.jpg", 1), "zoom_types": []},
        {"images": images(1, "http://x/y.jpg", 1), "start_index": -1},
    ],
)
async def test_wrong_fields_are_refused(operations: Operations, fields: dict[str, object]) -> None:
    with pytest.raises(InvalidFieldError):
        await operations.run("img2vid", **fields)


async def test_the_length_of_all_videos_is_limited_before_work(
    operations: Operations, photo: str, site: MediaServer
) -> None:
    longest_s = JobSettings().max_duration_s
    asked = len(site.requests)
    with pytest.raises(MediaTooLongError):
        await operations.run("img2vid", images=images(longest_s // 1000 + 1, photo, 1000))
    assert len(site.requests) == asked


async def test_frames_are_given_again_to_an_encoder_after_one_that_failed(
    operations: Operations, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipe begins anew for whoever reads it next, as after a failure of NVENC."""
    encode = FfmpegRunner.encode

    async def twice(self: FfmpegRunner, build: object, work: object) -> str:
        await encode(self, build, work)  # type: ignore[arg-type]
        return await encode(self, build, work)  # type: ignore[arg-type]

    monkeypatch.setattr(FfmpegRunner, "encode", twice)
    result = await operations.run("img2vid", **SMALL, images=images(1, photo, 0.5), frame_rate=10)
    assert stream(result.files[0].path, "video")["nb_read_frames"] == "5"


async def test_a_cancelled_job_leaves_no_process(
    operations: Operations, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    place = EncodePlaces.place

    def noted(self: EncodePlaces, *, nvenc: bool = False) -> object:
        begun.set()
        return place(self, nvenc=nvenc)

    monkeypatch.setattr(EncodePlaces, "place", noted)
    work = asyncio.create_task(operations.run("img2vid", images=images(2, photo, 900)))
    await begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not [line for line in _commands() if str(operations.folder) in line]


def _commands() -> list[str]:
    """Return the command lines of all processes."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return lines
