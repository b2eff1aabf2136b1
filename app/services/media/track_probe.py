"""Probe of a recording's audio tracks."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from typing import cast

from app.domain.errors import InternalError
from app.domain.language_tags import standard_tag
from app.domain.media import AudioTrack
from app.services.media.ffmpeg_command import (
    MediaInput,
    decode_test_command,
    is_transport_stream,
    probe_command,
)
from app.services.media.media_facts import ENCRYPTED_TAGS
from app.services.media.track_roles import role_of
from app.system.child_limits import PROBE
from app.system.subprocesses import Subprocess, running

_MOST_TRACKS = 64

_LEAST_SOUND_BYTES = 2 * 8000 // 4
"""A quarter of a second at 8 kHz: rubbish may happen to look like a frame or two."""

_MOST_BYTES = 2**20
_TIME_LIMIT_S = 20.0
_TITLE_CHARS = 100

_ONE_TRACK = (b"ID3", b"fLaC", b"FORM", b".snd", b"caff", b"#!AMR", b"wvpk", b"MAC ", b"OggS")
"""Beginnings of containers that hold one audio track. Ogg may hold several; none is known."""

_HANDLERS = frozenset(
    {"soundhandler", "subtitlehandler", "iso media file produced by google inc.", "mainconcept"}
)
"""Names that writers of MP4 give every track. Source: libavformat/movenc.c and files."""

_TEXT_BYTES = 512
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
"""Bytes that every container with several tracks has at its beginning, and no text."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


_MP4_BOXES = frozenset({b"ftyp", b"moov", b"moof", b"styp", b"mdat", b"free", b"skip", b"wide"})
_SEVERAL = (b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")
"""Beginnings of Matroska, MPEG program streams and ASF."""


def lists_tracks_early(head: bytes) -> bool:
    """Whether a stream is of a kind whose beginning lists several tracks.

    Args:
        head: its first 200 bytes at least.
    """
    avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return (
        head.startswith(_SEVERAL)
        or head[4:8] in _MP4_BOXES
        or avi
        or is_transport_stream(head)
        or is_transport_stream(head[4:])
    )


def may_have_tracks(head: bytes) -> bool:
    """Whether media may hold more than one audio track.

    Args:
        head: its first 12 bytes at least.
    """
    if head and not _BINARY.search(head[:_TEXT_BYTES]):
        return False  # a list of other files, which is refused when it is decoded
    if head.startswith(_ONE_TRACK) or (head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE"):
        return False
    return not (head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE0 == 0xE0)  # MPEG audio


async def probe_tracks(source: MediaInput, head: bytes) -> tuple[AudioTrack, ...]:
    """Return the audio tracks of media, in order; empty where they cannot be listed.

    Args:
        source: the file; None for a stream.
        head: the first bytes of the stream, which have to do.
    """
    found = await probed(probe_command(source), None if source is not None else head)
    return audio_tracks(streams_of(found))


async def probed(command: list[str], head: bytes | None) -> dict[str, object]:
    """Return the JSON object that ffprobe writes; empty where it cannot or takes too long.

    Args:
        command: of ffprobe.
        head: what it reads from its standard input; None where it reads a file.
    """
    output, _ = await _run(command, head)
    try:
        found = json.loads(output)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def streams_of(found: dict[str, object]) -> list[dict[str, object]]:
    """Return the streams that ffprobe found."""
    streams = found.get("streams")
    return cast("list[dict[str, object]]", streams) if isinstance(streams, list) else []


def audio_tracks(streams: Sequence[dict[str, object]]) -> tuple[AudioTrack, ...]:
    """Return the tracks of audio streams, in order, as many as are looked at."""
    return tuple(_track(index, each) for index, each in enumerate(streams[:_MOST_TRACKS]))


async def can_be_decoded(source: MediaInput, head: bytes, track: int) -> bool:
    """Return whether the beginning of a track can be decoded, or it has not begun there."""
    sent = None if source is not None else head
    output, errors = await _run(decode_test_command(source, track), sent)
    return len(output) >= _LEAST_SOUND_BYTES or not errors


async def _run(command: list[str], sent: bytes | None) -> tuple[bytes, str]:
    """Return the output and the log of a command; empty where it takes too long."""
    try:
        async with (
            asyncio.timeout(_TIME_LIMIT_S),
            running(command, stdin=sent is not None, limits=PROBE) as child,
        ):
            _, output = await asyncio.gather(_send(child, sent), _read(child))
            if len(output) < _MOST_BYTES:
                await child.wait()
            return output, child.stderr.strip()
    except (TimeoutError, InternalError):
        return b"", ""


async def _send(child: Subprocess, sent: bytes | None) -> None:
    if sent is not None:
        await child.write(sent)
        child.close_stdin()


async def _read(child: Subprocess) -> bytes:
    output = bytearray()
    while len(output) < _MOST_BYTES and (data := await child.stdout.read(2**16)):
        output += data
    return bytes(output)


def _track(index: int, stream: dict[str, object]) -> AudioTrack:
    tags, marks = stream_tags(stream), stream_marks(stream)
    title = stream_title(tags)
    channels = stream.get("channels")
    return AudioTrack(
        index=index,
        languages=_languages(tags.get("language", "")),
        title=title,
        role=role_of(marks, title),
        default=marks.get("default") == 1,
        codec=str(stream.get("codec_name", "")),
        channels=channels if isinstance(channels, int) else 0,
        # ffmpeg knows the format of samples only of codecs that it has a decoder for.
        decodable="sample_fmt" in stream
        and channels != 0
        and str(stream.get("codec_tag_string")) not in ENCRYPTED_TAGS,
    )


def stream_tags(stream: dict[str, object]) -> dict[str, str]:
    """Return a stream's tags under names in lower case; untrusted text."""
    return {key.lower(): str(value) for key, value in _mapping(stream, "tags").items()}


def stream_marks(stream: dict[str, object]) -> dict[str, object]:
    """Return a stream's dispositions, 1 where set."""
    return _mapping(stream, "disposition")


def _mapping(stream: dict[str, object], name: str) -> dict[str, object]:
    value = stream.get(name)
    return value if isinstance(value, dict) else {}


def stream_title(tags: dict[str, str]) -> str:
    """Return a stream's title in one line of bounded length; empty without one."""
    for key in ("title", "name", "handler_name"):
        text = " ".join(_CONTROLS.sub(" ", tags.get(key, "")).split())[:_TITLE_CHARS]
        if text and text.lower() not in _HANDLERS:
            return text
    return ""


def _languages(text: str) -> tuple[str, ...]:
    """Return the standard tags of a language, or of several.

    A transport stream has one for each channel of dual mono. Source: ISO/IEC 13818-1 section
    2.6.18, ISO 639 language descriptor.
    """
    tags = [standard_tag(part) for part in text[:100].split(",")]
    known = [tag for tag in tags if tag is not None and tag not in {"und", "mul", "zxx", "mis"}]
    return tuple(known) if len(known) == len(tags) else tuple(known[:1])
