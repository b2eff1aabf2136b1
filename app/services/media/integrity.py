"""Integrity checks that recognise truncated media."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import NamedTuple

from app.domain.errors import EmptyMediaError, InternalError, TruncatedMediaError
from app.services.media.container_length import expected_length
from app.services.media.ffmpeg_command import MediaInput, last_packets_command
from app.services.media.header_sizes import corrected_head
from app.services.media.id3_tag import without_tags
from app.services.media.mp4_boxes import is_mp4, names_too_little, top_boxes
from app.system.child_limits import decoder_limits
from app.system.subprocesses import running
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_TOLERANCE_BYTES = 4096
"""Writers are inexact about the last bytes: tags stripped, padding not counted. Half a second of
speech at 64 kbit/s is not worth refusing a file."""

_HEAD_BYTES = 2**16

_TAG = re.compile(rb"[A-Za-z][A-Za-z0-9 ]{3}.{4}|TAG|APETAGEX|LYRICS|.{4}[a-z]{4}", re.DOTALL)
"""Beginnings of chunks, boxes and tags that may follow the samples."""

_TAIL_S = 3
"""How far before the end the last packets are searched."""

_TIME_LIMIT_S = 2.0
"""Time limit of that search: formats without an index are read from their start."""


def truncated_error() -> TruncatedMediaError:
    """Return the error for media whose end is missing."""
    return TruncatedMediaError("The media is cut off before its end")


def is_truncated(received: int, expected: int | None) -> bool:
    """Return whether more than 1 % or 4 KiB are missing, whichever is less; lengths in bytes."""
    if expected is None:
        return False
    return expected - received > min(_TOLERANCE_BYTES, expected // 100)


def tolerance_ms(duration_ms: int) -> int:
    """Return by how much audio may fall short of its container's duration: 2 s, or 2 %.

    Containers round, the audio track of a video commonly ends some frames before the picture,
    and players of all kinds accept that.
    """
    return max(2000, duration_ms // 50)


class FileCheck(NamedTuple):
    """What was found of a file that can be decoded.

    Attributes:
        trailing_bytes: behind the end of its structure, neither media nor tags.
        wrong_sizes: whether its structure names a wrong size.
        cut_off: whether it ends within a page, and nothing in it says how much is missing.
    """

    trailing_bytes: int = 0
    wrong_sizes: bool = False
    cut_off: bool = False


async def check_file(path: Path) -> FileCheck:
    """Check a file's length by its structure, or else that its last packets are there.

    A container that claims more bytes than there are is complete all the same if its index leads
    to its last packets.

    Raises:
        EmptyMediaError: the file has no bytes.
        TruncatedMediaError: its end is missing.
        StorageError: it cannot be read.
    """
    size, expected, head, found = await DISK.run(_inspect, path)
    if size == 0:
        raise EmptyMediaError("The media is empty")
    if corrected_head(head, size) is not None:
        return FileCheck()
    ogg = without_tags(head).startswith(b"OggS")
    if ogg and await DISK.run(_ogg_truncated, path):
        return FileCheck(cut_off=True)
    if is_truncated(size, expected) or found.wrong_sizes:
        # An index tells what is there, whatever the boxes say.
        if not is_mp4(head) or not await _has_last_packets(path):
            raise truncated_error()
        return FileCheck(wrong_sizes=True)
    if expected is None and not ogg and await _has_last_packets(path) is False:
        raise truncated_error()
    return found


async def check_mended(source: MediaInput) -> FileCheck:
    """Check a file whose structure is known to be wrong by its last packets.

    Raises:
        TruncatedMediaError: its end is missing.
    """
    if await _has_last_packets(source) is False:
        raise truncated_error()
    return FileCheck(wrong_sizes=True)


def _inspect(path: Path) -> tuple[int, int | None, bytes, FileCheck]:
    """Return size, length by the structure, the first bytes, and what lies behind that length."""
    with storage_errors(), path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
        size, expected = path.stat().st_size, expected_length(file)
        if expected is None or size - expected < _TOLERANCE_BYTES:
            return size, expected, head, FileCheck()
        if is_mp4(head) and names_too_little(file, top_boxes(file, size)):
            return size, expected, head, FileCheck(wrong_sizes=True)
        file.seek(expected)
        trailing = 0 if _TAG.match(file.read(8)) else size - expected
        return size, expected, head, FileCheck(trailing)


def _ogg_truncated(path: Path) -> bool:
    """Return whether the last page is incomplete. Source: RFC 3533 section 6."""
    with storage_errors(), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2**17))  # a page has 65,307 bytes at most
        tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    lacing = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) < 27 + len(lacing) + sum(lacing) or len(page) < 28


async def _has_last_packets(source: MediaInput) -> bool | None:
    """Whether there are packets in the last seconds by the duration; None where that is open."""
    log_lines: list[str] = []
    command = last_packets_command(source, _TAIL_S)
    try:
        async with (
            asyncio.timeout(_TIME_LIMIT_S),
            running(command, on_line=log_lines.append, limits=decoder_limits(0)) as child,
        ):
            end_s: float | None = None
            units: dict[str, float] = {}
            while line := (await child.stdout.readline()).decode("ascii", "replace"):
                end_s = _later(end_s, line, units)
            status = await child.wait()
    except (TimeoutError, InternalError):
        return None
    if status != 0 or end_s is None or any("Estimating" in line for line in log_lines):
        return None
    return end_s >= -tolerance_ms(0) / 1000


def _later(end_s: float | None, line: str, units: dict[str, float]) -> float | None:
    """Return the later of a time and the end of the packet that a line describes, in seconds."""
    if line.startswith("#tb "):
        stream, _, ratio = line[4:].partition(":")
        top, _, bottom = ratio.partition("/")
        units[stream.strip()] = int(top) / int(bottom)
    if line.startswith("#"):
        return end_s
    stream, _, pts, length, *_ = (field.strip() for field in line.split(","))
    packet_s = (int(pts) + int(length)) * units[stream]
    return packet_s if end_s is None else max(end_s, packet_s)
