"""Parser for caption files of every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import cast

from app.domain.captions import Caption, CaptionKind, Captions
from app.domain.errors import InvalidCaptionsError, quoted
from app.domain.events import Notice
from app.domain.language import known_language
from app.services.captions.caption_faults import first_unusable
from app.services.captions.encoding import decode_file, decode_head
from app.services.captions.foreign_formats import (
    begins_like_media,
    foreign_format,
    is_foreign_name,
)
from app.services.captions.normalize import normalize
from app.services.captions.raw_captions import CAPTIONS_AT_MOST, RawTrack, TrackReader
from app.services.captions.readers.caption_json import looks_like_json, read_caption_json
from app.services.captions.readers.line_formats import (
    looks_like_lrc,
    looks_like_microdvd,
    looks_like_mpl2,
    looks_like_tmplayer,
    read_lrc,
    read_microdvd,
    read_mpl2,
    read_tmplayer,
)
from app.services.captions.readers.scc_reader import looks_like_scc, read_scc
from app.services.captions.readers.srt_vtt import (
    looks_like_srt,
    looks_like_transcript,
    looks_like_vtt,
    read_srt,
    read_vtt,
)
from app.services.captions.readers.stl_reader import looks_like_stl, read_stl
from app.services.captions.readers.substation import looks_like_substation, read_substation
from app.services.captions.readers.table_reader import looks_like_table, read_table
from app.services.captions.readers.ttml_reader import looks_like_ttml, read_ttml
from app.services.captions.readers.youtube_xml import looks_like_youtube_xml, read_youtube_xml
from app.services.captions.unnamed_language import language_by_script
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
    CaptionFormat(("stl",), looks_like_stl, read_stl),
    CaptionFormat(("scc",), looks_like_scc, read_scc),
    CaptionFormat(("json3", "json"), looks_like_json, read_caption_json),
    CaptionFormat(("vtt",), looks_like_vtt, read_vtt),
    CaptionFormat(("srt", "sbv"), looks_like_srt, read_srt, has_signature=False),
    CaptionFormat(("srv1", "srv2", "srv3"), looks_like_youtube_xml, read_youtube_xml),
    CaptionFormat(("ttml", "dfxp", "itt", "imsc", "ebu-tt-d", "tt"), looks_like_ttml, read_ttml),
    CaptionFormat(("ass", "ssa"), looks_like_substation, read_substation),
    CaptionFormat(("sub",), looks_like_microdvd, read_microdvd),
    CaptionFormat(("mpl", "mpl2"), looks_like_mpl2, read_mpl2),
    CaptionFormat(("lrc",), looks_like_lrc, read_lrc, has_signature=False),
    CaptionFormat(("tmp",), looks_like_tmplayer, read_tmplayer, has_signature=False),
    CaptionFormat(("tsv", "csv"), looks_like_table, read_table),
    CaptionFormat((), looks_like_transcript, read_srt, has_signature=False),
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
_KNOWN = f"known: {', '.join(_BY_NAME)}"
_CAPTION_ENDINGS = frozenset({*_BY_NAME, "xml", "txt", "itt", "imsc"})
_CAPTION_TYPES = frozenset(
    {"application/x-subrip", "application/srt", "text/srt", "application/ttml+xml", "text/vtt"}
    | {"text/x-ssa", "text/x-ass", "text/x-microdvd", "text/x-scc", "application/x-ebu-stl"}
)

_TEXT_TYPES = frozenset({"text/plain", "text/xml", "application/xml"})
"""They make captions of what is text. Source: browsers' types of files whose endings they do not
know."""

_TEXT_PER_CONTROL = 100


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
        language: BCP 47 tag, or ``und`` for the one that the file names, or else that its script
            proves. It decides between encodings.
        kind: author of the track. Rolling captions were timed by a machine, whoever typed them:
            they become ``auto``.

    Returns:
        At least one caption, sorted by start, cleaned, each word once. Automatic ones end where
        the next begins; manual ones keep their times.

    Raises:
        InvalidCaptionsError: it cannot be read, is too large, or holds no captions.
    """
    track, assumed = read_track(data, format, language)
    captions = normalize(track, language, kind)
    if not captions.items:
        raise InvalidCaptionsError(_no_captions(track))
    if captions.language == "und":
        tag = language_by_script(caption.text for caption in captions.items)
        captions = replace(captions, language=tag or "und")
    return replace(captions, notices=(*assumed, *captions.notices))


def read_track(
    data: bytes | str,
    format: str | None,  # noqa: A002 - the site's word
    language: str,
) -> tuple[RawTrack, tuple[Notice, ...]]:
    """Read a caption file as it is written; arguments are those of `parse_captions`.

    Returns:
        The track, and how its text was read from its bytes where that was not certain.

    Raises:
        InvalidCaptionsError: it cannot be read, or is too large.
    """
    if len(data) > MAX_MB * 2**20:
        raise InvalidCaptionsError(f"A caption file may have {MAX_MB} MiB at most")
    if (foreign := _foreign(data)) is not None:
        raise InvalidCaptionsError(f"Not a caption file that can be read, but {foreign}; {_KNOWN}")
    decoded = None if isinstance(data, str) else decode_file(data, known_language(language))
    text, assumed = (str(data), ()) if decoded is None else (decoded.text, decoded.notices)
    found = detect_format(text) or _BY_NAME.get((format or "").lower())
    if found is None:
        raise InvalidCaptionsError(_not_captions(text))
    track = found.read(text)
    if len(track.captions) > CAPTIONS_AT_MOST:
        raise InvalidCaptionsError(f"A caption file may hold {CAPTIONS_AT_MOST} captions at most")
    return track, assumed


def _foreign(data: bytes | str) -> str | None:
    """Return the format by a file's first bytes, where it is known and not read."""
    head = data[:SNIFF_LENGTH]
    return foreign_format(
        "", head if isinstance(head, bytes) else head[:64].encode("utf-8", "replace")
    )


def _not_captions(text: str) -> str:
    """Return why a text is no caption file, with its first line."""
    first = next((line.strip() for line in text[:SNIFF_LENGTH].splitlines() if line.strip()), "")
    found = f"no line of it has times; it begins with {quoted(first)}" if first else "it is empty"
    return f"Not a caption file: {found}; {_KNOWN}"


def _no_captions(track: RawTrack) -> str:
    """Return why a track is no use, with the first line that could not be used."""
    reason = first_unusable(track.faults)
    return f"The caption file holds no captions that can be used{reason and f'; {reason}'}"


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


def is_caption_file(name: str, head: bytes, media_type: str = "") -> bool:
    """Whether an uploaded file is to be read as captions rather than as media.

    What begins like a container of media is media under any name. Else the ending of a caption
    file or a media type of captions is enough: what cannot be read is then a caption file that
    cannot be read. Under any other name the content decides.

    Args:
        name: the client's name for it.
        head: its first bytes, at least those of the first few captions.
        media_type: as the client says; empty where it does not.
    """
    if begins_like_media(head):
        return False
    ending = PurePath(name).suffix.lower().removeprefix(".")
    kind = media_type.partition(";")[0].strip().lower()
    if ending in _CAPTION_ENDINGS or is_foreign_name(ending) or kind in _CAPTION_TYPES:
        return True
    text = decode_head(head)
    return _is_text(text) and (kind in _TEXT_TYPES or detect_format(text) is not None)


def _is_text(text: str) -> bool:
    """Whether a text has hardly any control characters, as bytes of media have."""
    controls = sum(1 for char in text if char < " " and char not in "\t\n\r\f\v\x1a")
    return controls * _TEXT_PER_CONTROL <= len(text)
