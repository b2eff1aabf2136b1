"""Probe of a recording's subtitle tracks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.domain.language_tags import standard_tag
from app.domain.media import AudioTrack, SubtitleTrack
from app.services.media.ffmpeg_command import is_transport_stream, probe_text_command
from app.services.media.mp4_boxes import is_mp4, top_boxes
from app.services.media.subtitle_roles import subtitle_role
from app.services.media.track_probe import (
    audio_tracks,
    probed,
    stream_marks,
    stream_tags,
    stream_title,
    streams_of,
)
from app.system.thread_groups import DISK

MOST_TRACKS = 200
"""Discs with a track for each language of the world have some 60."""

HEAD_BYTES = 2**20
MOST_INDEX_BYTES = 64 * 2**20
"""The index of a four-hour MP4 has 10 MB."""

_PICTURES = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
_TEXTS = frozenset({"subrip", "ass", "ssa", "webvtt", "mov_text", "text", "eia_608", "jacosub"}) | {
    *("microdvd", "mpl2", "pjs", "realtext", "sami", "stl", "subviewer", "subviewer1", "vplayer"),
    "dvb_teletext",
}
"""What ffmpeg 5.1 decodes. Source: ``ffmpeg -codecs``."""

_MATROSKA = b"\x1a\x45\xdf\xa3"
_CLUSTER = b"\x1f\x43\xb6\x75"
_MATROSKA_TRACK = re.compile(rb"S_(?:TEXT|ASS|SSA|VOBSUB|HDMV|DVBSUB|KATE|IMAGE|ARIB)|D_WEBVTT")
"""Names of codecs of subtitles. Source: the codec mappings of Matroska and WebM."""

_MP4_TRACK = re.compile(rb"hdlr.{8}(?:sbtl|text|subt|subp|clcp)", re.DOTALL)
"""Handlers of subtitles, captions and VobSub in MP4 and QuickTime. Source: libavformat/isom.c,
``mov.c``."""


@dataclass(frozen=True, slots=True)
class FileTracks:
    """What a file holds beside its picture.

    Attributes:
        subtitles: tracks, in order.
        audio: tracks, in order.
        duration_ms: of the file; None where it is not known.
    """

    subtitles: tuple[SubtitleTrack, ...] = ()
    audio: tuple[AudioTrack, ...] = ()
    duration_ms: int | None = None


NO_TRACKS = FileTracks()


def shows_all_tracks(head: bytes) -> bool:
    """Whether the beginning of a stream lists all of its tracks; more of it helps otherwise."""
    if head.startswith(_MATROSKA):
        return _CLUSTER in head
    if is_mp4(head):
        return _index_end(head) <= len(head)
    return True


def may_have_subtitles(head: bytes) -> bool:
    """Whether media may hold subtitle tracks, by the part of it that lists its tracks."""
    if head.startswith(_MATROSKA):
        return _MATROSKA_TRACK.search(head) is not None
    if is_mp4(head):
        return _MP4_TRACK.search(head) is not None
    avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return is_transport_stream(head) or is_transport_stream(head[4:]) or (avi and b"txts" in head)


async def stream_tracks(head: bytes) -> FileTracks:
    """Return the tracks that the beginning of a stream lists."""
    return await _tracks(None, head) if may_have_subtitles(head) else NO_TRACKS


async def file_tracks(path: Path) -> FileTracks:
    """Return the tracks of a file; none where it cannot be read."""
    head = await DISK.run(_listing, path)
    return await _tracks(path, head) if may_have_subtitles(head) else NO_TRACKS


async def listed_subtitles(path: Path) -> FileTracks:
    """Return the tracks of a file, whatever its beginning looks like."""
    return await _tracks(path, b"")


async def _tracks(path: Path | None, head: bytes) -> FileTracks:
    found = await probed(probe_text_command(path), None if path is not None else head)
    streams = streams_of(found)
    texts = [each for each in streams if each.get("codec_type") == "subtitle"]
    sounds = [each for each in streams if each.get("codec_type") == "audio"]
    return FileTracks(
        tuple(_track(index, each) for index, each in enumerate(texts[:MOST_TRACKS])),
        audio_tracks(sounds),
        _duration_ms(found.get("format")),
    )


def _track(index: int, stream: dict[str, object]) -> SubtitleTrack:
    tags, marks = stream_tags(stream), stream_marks(stream)
    title, codec = stream_title(tags), str(stream.get("codec_name", ""))
    form = "text" if codec in _TEXTS else "pictures" if codec in _PICTURES else "unknown"
    return SubtitleTrack(
        index=index,
        language=_language(tags.get("language", "")),
        title=title,
        role=subtitle_role(marks, title),
        default=marks.get("default") == 1,
        codec=codec,
        form=form,
    )


def _language(text: str) -> str:
    tag = standard_tag(text[:100].partition(",")[0])
    return "und" if tag is None or tag in {"mul", "zxx", "mis"} else tag


def _duration_ms(format_: object) -> int | None:
    try:
        seconds = float(format_["duration"]) if isinstance(format_, dict) else 0.0
    except (KeyError, TypeError, ValueError):
        return None
    return round(seconds * 1000) if 0 < seconds < 10**7 else None


def _listing(path: Path) -> bytes:
    """Return the part of a file that lists its tracks."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            return head[:8] + _index(file) if is_mp4(head) else head
    except OSError:
        return b""


def _index(file: BinaryIO) -> bytes:
    """Return an MP4's index."""
    size = file.seek(0, 2)
    boxes = top_boxes(file, size)
    found = next((box for box in boxes if box.name == b"moov"), None)
    if found is None:
        return b""
    file.seek(found.offset)
    return file.read(min(found.size, MOST_INDEX_BYTES))


def _index_end(head: bytes) -> int:
    """Return where the index of an MP4 ends, as far as its beginning tells; 0 where it does not."""
    at = 0
    while at + 16 <= len(head):
        size = int.from_bytes(head[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(head[at + 8 : at + 16], "big")
        if size < 8 or head[at + 4 : at + 8] == b"mdat":
            return 0
        if head[at + 4 : at + 8] == b"moov":
            return min(at + size, MOST_INDEX_BYTES)
        at += size
    return at
