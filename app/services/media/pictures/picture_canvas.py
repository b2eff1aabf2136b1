"""A picture of any kind on a canvas, as planes of luma and chroma."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from PIL import Image, ImageCms, ImageOps, JpegImagePlugin, UnidentifiedImageError

from app.domain.errors import EmptyMediaError, PictureTooLargeError, UnreadableMediaError
from app.services.media.pictures.unread_kinds import unread_kind
from app.services.media.pictures.zoom_task import CanvasSize, PictureFit

_KINDS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
"""Kinds of file that are read. Left out are those that Pillow hands to other programs (EPS, WMF)
or that hold lists of other files."""

_MOST_PIXELS = 64_000_000
_MOST_SCALED_PIXELS = 120_000_000
"""JPEG is decoded at a half, a quarter or an eighth of its size where that is enough, so phones'
pictures of 108 million pixels cost little."""

Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound, ahead of which ours tells the size
_RGB = ImageCms.createProfile("sRGB")


@dataclass(frozen=True, slots=True, eq=False)
class PicturePlanes:
    """Planes of a canvas in limited range by ITU-R BT.709; chroma has half the width and height."""

    luma: Image.Image
    blue: Image.Image
    red: Image.Image

    def __iter__(self) -> Iterator[Image.Image]:
        return iter((self.luma, self.blue, self.red))


def picture_planes(path: Path, size: CanvasSize, fit: PictureFit) -> PicturePlanes:
    """Read a picture and lay it in the middle of a black canvas.

    It is turned as its EXIF data say, of several pictures the first is taken, transparent parts
    show the canvas, and colours are converted to sRGB by the picture's profile.

    Args:
        path: of the picture; its size is checked before it is decoded.
        size: of the canvas.
        fit: how it lies on it.

    Raises:
        EmptyMediaError: the file has no bytes.
        UnreadableMediaError: it is no picture of a kind that is read, or damaged.
        PictureTooLargeError: it has too many pixels.
    """
    if not path.stat().st_size:
        raise EmptyMediaError("The picture is empty")
    with _decoding_errors(path), Image.open(path, formats=_KINDS) as opened:
        _check_size(opened)
        if isinstance(opened, JpegImagePlugin.JpegImageFile):
            largest = max(size.width, size.height)
            opened.draft(None, (largest, largest))
        opened.load()
        picture = ImageOps.exif_transpose(opened)
    return _planes(_on_canvas(_common_mode(picture), size, fit))


@contextmanager
def _decoding_errors(path: Path) -> Iterator[None]:
    """Translate what Pillow raises for files that it cannot decode."""
    try:
        yield
    except UnidentifiedImageError:
        found, kinds = unread_kind(path), ", ".join(_KINDS)
        if found is not None:
            raise UnreadableMediaError(f"This is a file of {found}; pictures are {kinds}") from None
        raise UnreadableMediaError(f"This is no picture that can be read ({kinds})") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError):
        raise UnreadableMediaError("The picture is damaged and cannot be decoded") from None


def _check_size(picture: Image.Image) -> None:
    width, height = picture.size
    most = _MOST_SCALED_PIXELS if picture.format in ("JPEG", "MPO") else _MOST_PIXELS
    if width * height > most:
        raise PictureTooLargeError(
            f"The picture has {width} × {height} pixels; {most // 10**6} million are read at most"
        )


def _common_mode(picture: Image.Image) -> Image.Image:
    """Return a picture in a mode that can be scaled: grey, RGB or CMYK, perhaps with alpha."""
    mode = picture.mode
    if mode.startswith("I"):  # 16 bits a pixel, whose conversion by Pillow cuts instead of scaling
        values = np.asarray(picture).astype(np.int64) >> 8
        return Image.fromarray(values.clip(0, 255).astype(np.uint8))
    if mode == "F":
        raise UnreadableMediaError("Pictures of floating-point numbers are not read")
    if "transparency" in picture.info or mode in ("LA", "PA", "La", "RGBa"):
        return _keeping_profile(picture, "RGBA")
    if mode in ("L", "RGB", "RGBA", "CMYK"):
        return picture
    return _keeping_profile(picture, "RGB")


def _keeping_profile(picture: Image.Image, mode: str) -> Image.Image:
    converted = picture.convert(mode)
    converted.info["icc_profile"] = picture.info.get("icc_profile")
    return converted


def _on_canvas(picture: Image.Image, size: CanvasSize, fit: PictureFit) -> Image.Image:
    placed = size.placed(*picture.size, fit)
    profile = picture.info.get("icc_profile")
    scaled = picture.resize(placed, Image.Resampling.LANCZOS, reducing_gap=3.0)
    alpha = scaled.getchannel("A") if "A" in scaled.getbands() else None
    canvas = Image.new("RGB", (size.width, size.height))
    corner = ((size.width - placed[0]) // 2, (size.height - placed[1]) // 2)
    canvas.paste(_in_srgb(scaled, profile), corner, alpha)
    return canvas


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """Return a picture in sRGB; one whose profile is damaged as if it had none."""
    plain = picture.convert("RGB") if picture.mode != "CMYK" else picture
    if isinstance(profile, bytes) and profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            grey = picture.mode == "L"
            shown = ImageCms.profileToProfile(
                picture if grey else plain, source, _RGB, outputMode="RGB"
            )
            return cast("Image.Image", shown)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return plain.convert("RGB")


def _planes(canvas: Image.Image) -> PicturePlanes:
    """Convert sRGB to limited-range Y'CbCr. Source: ITU-R BT.709-6, items 3.2 to 3.5."""
    rgb = np.asarray(canvas, np.float32) / np.float32(255)
    luma = rgb[..., 0] * np.float32(0.2126)
    luma += rgb[..., 1] * np.float32(0.7152)
    luma += rgb[..., 2] * np.float32(0.0722)
    blue = (rgb[..., 2] - luma) * np.float32(224 / 1.8556) + np.float32(128)
    red = (rgb[..., 0] - luma) * np.float32(224 / 1.5748) + np.float32(128)
    return PicturePlanes(
        _plane(luma * np.float32(219) + np.float32(16)), _halved(blue), _halved(red)
    )


def _plane(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Image.Image:
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))


def _halved(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Image.Image:
    height, width = values.shape
    return _plane(values.reshape(height // 2, 2, width // 2, 2).mean((1, 3)))
