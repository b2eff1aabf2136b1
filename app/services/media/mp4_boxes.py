"""Boxes of MP4 files whose sizes are wrong, or which were joined.

Source: ISO/IEC 14496-12: a file is a sequence of boxes (4.2), ``moov`` is the index (8.2.1) and
begins with ``mvhd`` (8.2.2), ``mdat`` holds the samples (8.1.1), ``stsz`` has
their sizes (8.7.3).
"""

from __future__ import annotations

import re
from typing import BinaryIO, NamedTuple

import numpy as np

_MOST_BOXES = 100_000
_NAME = re.compile(rb"[ -~\xa9][ -~]{3}")

_INDEX = re.compile(rb"moov.{4}mvhd", re.DOTALL)
_SEARCHED_BYTES = 64 * 2**20
"""How far from the end an index is searched: four hours of video have one of 10 MB."""

_WINDOW_BYTES = 2**20
_SIZES = re.compile(rb"stsz\x00{4}")
"""``stsz`` of version 0 without flags."""
_MOST_HEAD_BYTES = 2**20


class Mp4Box(NamedTuple):
    """A box at the top level: its place, its size with the header, its name."""

    offset: int
    size: int
    name: bytes


class MendedHead(NamedTuple):
    """The beginning of a file with the right size of its samples.

    Attributes:
        head: takes the place of the file's first bytes.
        rest: where the file goes on behind it.
    """

    head: bytes
    rest: int


def is_mp4(head: bytes) -> bool:
    """Whether media is MP4 or QuickTime, by its first 8 bytes."""
    return head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"}


def top_boxes(file: BinaryIO, size: int) -> list[Mp4Box]:
    """Return the boxes of a file, up to the first bytes that are none.

    Args:
        file: open for reading.
        size: of the file in bytes.
    """
    boxes: list[Mp4Box] = []
    at = 0
    while at + 8 <= size and len(boxes) < _MOST_BOXES:
        file.seek(at)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0:
            length = size - at
        if length < 8 or not _NAME.fullmatch(header[4:8]):
            break
        boxes.append(Mp4Box(at, length, header[4:8]))
        at += length
    return boxes


def joined_starts(boxes: list[Mp4Box]) -> list[int]:
    """Return where files begin that were joined, the first one included."""
    starts = [0]
    holds_media = False
    for box in boxes:
        if box.name == b"ftyp" and holds_media:
            starts.append(box.offset)
        holds_media |= box.name in {b"moov", b"mdat"}
    return starts


def mended_head(file: BinaryIO, size: int) -> MendedHead | None:
    """Return a beginning that leads over the samples to the index.

    None where the boxes lead there themselves, or where there is no index.

    Args:
        file: open for reading.
        size: of the file in bytes.
    """
    boxes = top_boxes(file, size)
    names = {box.name for box in boxes if box.offset + box.size <= size}
    samples = next((box for box in boxes if box.name == b"mdat"), None)
    if samples is None or names & {b"moof", b"moov"} or samples.offset > _MOST_HEAD_BYTES:
        return None
    index = _find_index(file, size, samples.offset + 8)
    if index is None:
        return None
    file.seek(0)
    head = file.read(samples.offset + 16)
    length = index - samples.offset
    if head[-16:-12] == b"\x00\x00\x00\x01":
        return MendedHead(head[:-8] + length.to_bytes(8, "big"), samples.offset + 16)
    if length >= 2**32:
        return None
    return MendedHead(head[:-16] + length.to_bytes(4, "big") + b"mdat", samples.offset + 8)


def names_too_little(file: BinaryIO, boxes: list[Mp4Box]) -> bool:
    """Whether the index leads to more bytes of samples than the boxes for samples have.

    Args:
        file: open for reading.
        boxes: of the file.
    """
    held = sum(box.size for box in boxes if box.name == b"mdat")
    indexed = 0
    for box in boxes:
        if box.name == b"moov" and box.size <= _SEARCHED_BYTES:
            file.seek(box.offset)
            indexed += _indexed_bytes(file.read(box.size))
    return indexed > held


def _indexed_bytes(index: bytes) -> int:
    """Return the sum of the sizes of all samples."""
    total = 0
    for match in _SIZES.finditer(index):
        each, count = (int.from_bytes(index[at : at + 4], "big") for at in _after(match.end()))
        begin = match.end() + 8
        if each:
            total += each * count
        elif begin + 4 * count <= len(index):
            total += int(np.frombuffer(index, ">u4", count, begin).sum(dtype=np.uint64))
    return total


def _after(end: int) -> tuple[int, int]:
    """Return the places of one size for all samples, and of their number, behind a name."""
    return end, end + 4


def _find_index(file: BinaryIO, size: int, least: int) -> int | None:
    """Return where the last index begins that lies within the file as a whole."""
    end = size
    lowest = max(least, size - _SEARCHED_BYTES)
    while end > lowest:
        begin = max(lowest, end - _WINDOW_BYTES)
        file.seek(begin)
        window = file.read(end - begin + 16)
        for match in reversed(list(_INDEX.finditer(window, 4))):
            at = begin + match.start() - 4
            length = int.from_bytes(window[match.start() - 4 : match.start()], "big")
            if 8 < length <= size - at:
                return at
        end = begin
    return None
