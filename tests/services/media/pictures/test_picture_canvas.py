"""Pictures of every kind on a canvas: the right colours at the right places, or a clear error."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from app.domain.errors import EmptyMediaError, PictureTooLargeError, UnreadableMediaError
from app.services.media.pictures.picture_canvas import PicturePlanes, picture_planes
from app.services.media.pictures.zoom_task import CanvasSize

SIZE = CanvasSize(160, 90)
BLACK, GREY, RED, GREEN = (0, 0, 0), (128, 128, 128), (255, 0, 0), (0, 255, 0)


def colour_at(planes: PicturePlanes, x: float, y: float) -> tuple[int, int, int]:
    """Return the sRGB colour at a place of a canvas, both from 0 to 1."""
    luma, blue, red = (
        float(np.asarray(plane)[int(y * plane.height), int(x * plane.width)]) for plane in planes
    )
    light = (luma - 16) / 219
    r = light + (red - 128) / 224 * 1.5748
    b = light + (blue - 128) / 224 * 1.8556
    g = (light - 0.2126 * r - 0.0722 * b) / 0.7152
    return tuple(round(255 * each) for each in (r, g, b))  # type: ignore[return-value]


def close(first: tuple[int, ...], second: tuple[int, ...], most: int = 6) -> bool:
    return all(abs(a - b) <= most for a, b in zip(first, second, strict=True))


def halves(size: tuple[int, int] = (320, 180)) -> Image.Image:
    """Return a picture whose left half is red and whose right half is green."""
    picture = Image.new("RGB", size, GREEN)
    picture.paste(RED, (0, 0, size[0] // 2, size[1]))
    return picture


def planes_of(picture: Image.Image, folder: Path, kind: str, **options: object) -> PicturePlanes:
    path = folder / f"picture.{kind.lower()}"
    picture.save(path, kind, **options)
    return picture_planes(path, SIZE, "contain")


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {"lossless": True}),
        ("AVIF", {"quality": 95}),
        ("BMP", {}),
        ("TIFF", {}),
    ],
)
def test_every_kind_shows_its_colours(
    tmp_path: Path, kind: str, options: dict[str, object]
) -> None:
    planes = planes_of(halves(), tmp_path, kind, **options)
    assert close(colour_at(planes, 0.25, 0.5), RED)
    assert close(colour_at(planes, 0.75, 0.5), GREEN)


def test_cmyk_jpeg_shows_the_colours_that_it_stands_for(tmp_path: Path) -> None:
    cmyk = Image.merge("CMYK", [Image.new("L", (320, 180), ink) for ink in (0, 255, 255, 0)])
    planes = planes_of(cmyk, tmp_path, "JPEG", quality=95)
    assert close(colour_at(planes, 0.5, 0.5), RED)


@pytest.mark.parametrize(
    ("orientation", "place", "colour"),
    [(1, (0.25, 0.5), RED), (3, (0.25, 0.5), GREEN), (6, (0.5, 0.2), RED), (8, (0.5, 0.2), GREEN)],
)
def test_pictures_are_turned_as_their_exif_data_say(
    tmp_path: Path, orientation: int, place: tuple[float, float], colour: tuple[int, int, int]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    planes = planes_of(halves(), tmp_path, "JPEG", quality=95, exif=exif)
    assert close(colour_at(planes, *place), colour)
    sides = orientation in (6, 8)
    assert close(colour_at(planes, 0.05, 0.5), BLACK) == sides  # upright, so bars at both sides


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparent_parts_show_the_canvas(tmp_path: Path, kind: str) -> None:
    picture = halves().convert("RGBA")
    picture.paste((255, 255, 255, 0), (0, 0, 160, 180))
    planes = planes_of(picture, tmp_path, kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert close(colour_at(planes, 0.25, 0.5), BLACK)
    assert close(colour_at(planes, 0.75, 0.5), GREEN)


def test_transparent_palettes_show_the_canvas(tmp_path: Path) -> None:
    picture = halves().quantize(4)
    planes = planes_of(picture, tmp_path, "PNG", transparency=picture.getpixel((0, 0)))
    assert close(colour_at(planes, 0.25, 0.5), BLACK)
    assert close(colour_at(planes, 0.75, 0.5), GREEN)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "AVIF", "PNG", "TIFF"])
def test_animated_pictures_show_their_first_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"moving.{kind.lower()}"
    others = [Image.new("RGB", (320, 180), colour) for colour in (GREY, GREEN)]
    options = {"lossless": True} if kind == "WEBP" else {}
    halves().save(path, kind, save_all=True, append_images=others, **options)
    planes = picture_planes(path, SIZE, "contain")
    assert close(colour_at(planes, 0.25, 0.5), RED)
    assert close(colour_at(planes, 0.75, 0.5), GREEN)


def _iso(*brands: bytes) -> bytes:
    """Return an ISO base media file of some brands whose items cannot be decoded."""
    kinds = brands[0] + bytes(4) + b"".join(brands)
    return struct.pack(">I4s", 8 + len(kinds), b"ftyp") + kinds + struct.pack(">I4s", 8, b"mdat")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (_iso(b"heic", b"mif1"), "a file of HEIC; pictures are JPEG"),
        (_iso(b"mif1", b"heic"), "a file of HEIC; pictures are JPEG"),
        (_iso(b"hevc", b"msf1"), "a file of HEIC; pictures are JPEG"),
        (_iso(b"mif1", b"miaf"), "a file of HEIF; pictures are JPEG"),
        (_iso(b"isom", b"mp42"), "a file of video; pictures are JPEG"),
        (_iso(b"avif", b"mif1"), "no picture that can be read"),
        (b"\xff\x0a" + bytes(64), "a file of JPEG XL; pictures are JPEG"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(64), "a file of JPEG XL; pictures are JPEG"),
        (b'<?xml version="1.0"?><svg/>', "a file of SVG; pictures are JPEG"),
        (b"%PDF-1.7", "a file of PDF; pictures are JPEG"),
        (b"8BPS\0\x01", "a file of Photoshop; pictures are JPEG"),
        (b"RIFF\0\0\0\0WEBPVP8X", "damaged"),
    ],
)
def test_a_kind_that_is_not_read_is_named(tmp_path: Path, head: bytes, told: str) -> None:
    path = tmp_path / "picture.jpg"
    path.write_bytes(head)
    with pytest.raises(UnreadableMediaError, match=told):
        picture_planes(path, SIZE, "contain")


def test_sixteen_bits_and_single_bits_keep_their_brightness(tmp_path: Path) -> None:
    values = np.full((180, 320), 128 << 8, np.uint16)
    assert close(colour_at(planes_of(Image.fromarray(values), tmp_path, "PNG"), 0.5, 0.5), GREY)
    white = Image.new("1", (320, 180), 1)
    assert close(colour_at(planes_of(white, tmp_path, "PNG"), 0.5, 0.5), (255, 255, 255))


def test_a_colour_profile_is_applied_and_a_damaged_one_ignored(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for each in (profile, profile[:200], b"nothing"):
        planes = planes_of(halves(), tmp_path, "PNG", icc_profile=each)
        assert close(colour_at(planes, 0.25, 0.5), RED)


@pytest.mark.parametrize("size", [(100, 100), (90, 160), (1000, 30), (30, 1000), (3, 2), (1, 1)])
def test_c7_12_no_proportions_are_distorted(tmp_path: Path, size: tuple[int, int]) -> None:
    planes = planes_of(Image.new("RGB", size, (255, 255, 255)), tmp_path, "PNG")
    luma = np.asarray(planes.luma)
    rows, columns = (luma > 128).any(1).sum(), (luma > 128).any(0).sum()
    scale = min(SIZE.width / size[0], SIZE.height / size[1])
    assert abs(columns - size[0] * scale) <= 1
    assert abs(rows - size[1] * scale) <= 1
    assert columns == SIZE.width or rows == SIZE.height


def test_a_picture_may_cover_the_canvas_instead(tmp_path: Path) -> None:
    path = tmp_path / "square.png"
    halves((200, 200)).save(path)
    planes = picture_planes(path, SIZE, "cover")
    assert close(colour_at(planes, 0.02, 0.02), RED)
    assert close(colour_at(planes, 0.98, 0.98), GREEN)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()
    with pytest.raises(EmptyMediaError, match="empty"):
        picture_planes(path, SIZE, "contain")


def _png_of(width: int, height: int) -> bytes:
    """Return a PNG whose head tells a size and that holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


def test_the_size_is_checked_before_a_picture_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(_png_of(20_000, 20_000))
    with pytest.raises(PictureTooLargeError, match="20000 × 20000"):
        picture_planes(path, SIZE, "contain")


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.new("RGB", (6000, 4000), RED).save(path, quality=60)
    assert close(colour_at(picture_planes(path, SIZE, "contain"), 0.5, 0.5), RED)


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    halves().save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="SVG"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", id="EPS"),
        pytest.param(b"<html>not here</html>", id="web page"),
        pytest.param(_jpeg()[:400], id="cut JPEG"),
        pytest.param(_png_of(100, 100), id="PNG without pixels"),
        pytest.param(b"GIF89a" + bytes(3), id="cut GIF"),
        pytest.param(b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(8), id="broken WebP"),
        pytest.param(bytes(1000), id="zeros"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "picture.bin"
    path.write_bytes(content)
    with pytest.raises(UnreadableMediaError, match="picture"):
        picture_planes(path, SIZE, "contain")
