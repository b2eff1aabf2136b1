"""Parser for caption files of every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import cast

from app.domain.captions import Caption, CaptionKind, Captions
from app.domain.errors import InvalidCaptionsError
from app.services.captions.encoding import decode_text
from app.services.captions.normalize import normalize
from app.services.captions.raw_captions import CAPTIONS_AT_MOST, TrackReader
from app.services.captions.readers.caption_json import looks_like_json, read_caption_json
from app.services.captions.readers.srt_vtt import (
    looks_like_srt,
    looks_like_vtt,
    read_srt,
    read_vtt,
)
from app.services.captions.readers.substation import looks_like_substation, read_substation
from app.services.captions.readers.ttml_reader import looks_like_ttml, read_ttml
from app.services.captions.readers.youtube_xml import looks_like_youtube_xml, read_youtube_xml
from app.system.bounded_work import work_on


@dataclass(frozen=True, slots=True)
class CaptionFormat:
    """A caption format that can be read.

    Attributes:
        names: names of the format in file names, on sites and in yt-dlp.
        sniff: whether a text that begins so is in the format.
        read: reads a whole text.
        has_signature: whether its files begin with a mark of the format; one without is
            considered last.
    """

    names: tuple[str, ...]
    sniff: Callable[[str], bool]
    read: TrackReader
    has_signature: bool = True


CAPTION_FORMATS = (
    CaptionFormat(("json3", "json"), looks_like_json, read_caption_json),
    CaptionFormat(("vtt",), looks_like_vtt, read_vtt),
    CaptionFormat(("srt",), looks_like_srt, read_srt, has_signature=False),
    CaptionFormat(("srv1", "srv2", "srv3"), looks_like_youtube_xml, read_youtube_xml),
    CaptionFormat(("ttml", "dfxp", "itt", "imsc", "tt"), looks_like_ttml, read_ttml),
    CaptionFormat(("ass", "ssa"), looks_like_substation, read_substation),
)
"""The readable formats; the content of a file takes precedence over its name."""

MAX_MB = 32
"""Largest caption file: ten hours of timed words take a quarter of it."""

SNIFF_LENGTH = 2**16
"""Bytes or characters at the beginning of a file by which its format is detected."""

SLICE_CHARS = 2**12
"""Of a file on its way to the process that reads it: two hundred of them are packed at once."""

_BY_NAME = {name: row for row in CAPTION_FORMATS for name in row.names}
_IN_SNIFF_ORDER = sorted(CAPTION_FORMATS, key=lambda row: not row.has_signature)
_FILE_ENDINGS = frozenset({*_BY_NAME, "xml", "txt", ""})


def parse_captions(
    data: bytes | str,
    format: str | None,  # noqa: A002 - the site's word
    language: str,
    kind: CaptionKind,
) -> Captions:
    """Read a caption file.

    Args:
        data: the file, in any encoding, or its text where it is known already; that is taken as
            it is.
        format: name of its format by its source; the content takes precedence.
        language: BCP 47 tag, or ``und`` for the one that the file names.
        kind: author of the track. Rolling captions were timed by a machine, whoever typed them:
            they become ``auto``.

    Returns:
        At least one caption, sorted by start, cleaned, each word once. Automatic ones end where
        the next begins; manual ones keep their times.

    Raises:
        InvalidCaptionsError: it cannot be read, is too large, or holds no captions.
    """
    if len(data) > MAX_MB * 2**20:
        raise InvalidCaptionsError(f"A caption file may have {MAX_MB} MiB at most")
    text = data if isinstance(data, str) else decode_text(data)
    found = detect_format(text) or _BY_NAME.get((format or "").lower())
    if found is None:
        raise InvalidCaptionsError(f"Not a caption file; known: {', '.join(_BY_NAME)}")
    track = found.read(text)
    if len(track.captions) > CAPTIONS_AT_MOST:
        raise InvalidCaptionsError(f"A caption file may hold {CAPTIONS_AT_MOST} captions at most")
    captions = normalize(track, language, kind)
    if not captions.items:
        raise InvalidCaptionsError("The caption file holds no captions")
    return captions


async def parse_bounded(
    data: bytes | str,
    format: str | None,  # noqa: A002 - the site's word
    language: str,
    kind: CaptionKind,
) -> Captions:
    """Read a caption file where it delays nothing else; see `parse_captions`.

    Raises:
        InvalidCaptionsError: it cannot be read, is too large, or holds no captions.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    size = SLICE_CHARS
    parts = [data[place : place + size] for place in range(0, len(data) or 1, size)]
    found = await work_on(_parsed, parts, format, language, kind, chars=len(data))
    head = cast("Captions", found[0])
    return replace(head, items=cast("tuple[Caption, ...]", tuple(found[1:])))


def _parsed(
    parts: list[bytes] | list[str],
    format: str | None,  # noqa: A002 - the site's word
    language: str,
    kind: CaptionKind,
) -> Iterator[Captions | Caption]:
    """Yield the track without its captions, then those one by one."""
    data: bytes | str = "".join(parts) if isinstance(parts[0], str) else b"".join(parts)
    captions = parse_captions(data, format, language, kind)
    yield replace(captions, items=())
    yield from captions.items


def detect_format(text: str) -> CaptionFormat | None:
    """Return the format that a text begins like; None where it is no caption file."""
    head = text[:SNIFF_LENGTH].lstrip("\ufeff \t\r\n\0")
    return next((row for row in _IN_SNIFF_ORDER if row.sniff(head)), None)


def is_caption_file(name: str, head: bytes) -> bool:
    """Whether an uploaded file holds captions rather than media.

    Args:
        name: the client's name for it; a media name means media.
        head: its first bytes, at least those of the first few captions.
    """
    ending = PurePath(name).suffix.lower().removeprefix(".")
    return ending in _FILE_ENDINGS and detect_format(decode_text(head)) is not None
