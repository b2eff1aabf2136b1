"""Whether media is all there, or was cut off on its way."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.domain.errors import EmptyMediaError, InternalError, TruncatedMediaError
from app.services.media.container_length import length_of
from app.services.media.ffmpeg_command import last_packets_command
from app.system.subprocesses import running
from app.system.workdir import storage_errors

_SLACK_BYTES = 4096
"""Writers are sloppy about the last bytes: tags stripped, padding not counted. Half a second of
speech at 64 kbit/s is not worth refusing a file."""

_TAIL_S = 3
"""How far before the end the last packets are looked for."""

_LOOK_S = 2.0
"""How long looking may take: formats without an index are read from their start."""


def cut_error() -> TruncatedMediaError:
    """Return the error for media that is not all there."""
    return TruncatedMediaError("The media is cut off before its end")


def is_cut(received: int, expected: int | None) -> bool:
    """Compare lengths in bytes: a cut is more than 1 % or 4 KiB missing, whichever is less."""
    if expected is None:
        return False
    return expected - received > min(_SLACK_BYTES, expected // 100)


def slack_ms(duration_ms: int) -> int:
    """Return by how much audio may fall short of its container's duration: 2 s, or 2 %.

    Containers round, the audio track of a video commonly ends some frames before the picture,
    and players of all kinds accept that.
    """
    return max(2000, duration_ms // 50)


async def check_file(path: Path) -> None:
    """Check a file's structure, and where that tells nothing, that its last packets are there.

    Raises:
        EmptyMediaError: the file has no bytes.
        TruncatedMediaError: it is cut off.
        StorageError: it cannot be read.
    """
    size, expected, magic = await asyncio.to_thread(_inspect, path)
    if size == 0:
        raise EmptyMediaError("The media is empty")
    if is_cut(size, expected) or (magic == b"OggS" and await asyncio.to_thread(_ogg_cut, path)):
        raise cut_error()
    if expected is None and magic != b"OggS":
        await _check_last_packets(path)


def _inspect(path: Path) -> tuple[int, int | None, bytes]:
    with storage_errors(), path.open("rb") as file:
        magic = file.read(4)
        return path.stat().st_size, length_of(file), magic


def _ogg_cut(path: Path) -> bool:
    """Return whether the last page is incomplete. Source: RFC 3533 section 6."""
    with storage_errors(), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2**17))  # a page has 65,307 bytes at most
        tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    lacing = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) < 27 + len(lacing) + sum(lacing) or len(page) < 28


async def _check_last_packets(path: Path) -> None:
    """Ask for the last seconds of which the container speaks."""
    said: list[str] = []
    command = last_packets_command(path, _TAIL_S)
    try:
        async with asyncio.timeout(_LOOK_S), running(command, on_line=said.append) as child:
            end_s: float | None = None
            units: dict[str, float] = {}
            while line := (await child.stdout.readline()).decode("ascii", "replace"):
                end_s = _later(end_s, line, units)
            status = await child.wait()
    except (TimeoutError, InternalError):
        return
    told = status == 0 and not any("Estimating" in line for line in said)
    if told and end_s is not None and end_s < -slack_ms(0) / 1000:
        raise cut_error()


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
