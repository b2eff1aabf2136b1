"""Kinds of picture that are known by their first bytes and not read; errors name them."""

from __future__ import annotations

import re
from pathlib import Path

_HEAD_BYTES = 64
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_ANY_CODEC_BRANDS = frozenset({b"mif1", b"msf1"})
"""Source: ISO/IEC 23008-12, annexes B and C, and the AV1 Image File Format, section 6."""

_SIGNATURES = (
    ("JPEG XL", re.compile(rb"\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n")),
    ("PDF", re.compile(rb"%PDF-")),
    ("Photoshop", re.compile(rb"8BPS")),
    ("SVG", re.compile(rb"(?:\xef\xbb\xbf)?\s{0,16}<(?:\?xml|svg|!DOCTYPE svg)")),
)
"""Sources: ISO/IEC 18181-2 (JPEG XL), ISO 32000-1 (PDF), Adobe's file format specification."""


def unread_kind(path: Path) -> str | None:
    """Return the name of a file's kind where it is known and not read; None otherwise.

    A file of AVIF that comes here is one whose structure is damaged, so it has no name here.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[4:8] == b"ftyp":
        return _iso_kind(head)
    return next((name for name, begins in _SIGNATURES if begins.match(head)), None)


def _iso_kind(head: bytes) -> str | None:
    end = min(int.from_bytes(head[:4]), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
    if brands & _AVIF_BRANDS:
        return None
    if brands & _HEIF_BRANDS:
        return "HEIC"
    return "HEIF" if brands & _ANY_CODEC_BRANDS else "video"
