"""Place of an MP4's index, which decides whether a stream can be decoded as it arrives."""

from __future__ import annotations

from enum import Enum

HEAD_BYTES = 2**20
"""Most bytes of a stream that are buffered to find out."""

_SMALL_INDEX_BYTES = 2**16
"""A fragmented file's index is smaller: it lists tracks, not samples."""

_STARTS = frozenset({b"ftyp", b"moov", b"mdat", b"moof", b"free", b"skip", b"wide", b"styp"})


class StreamLayout(Enum):
    """Layout of a stream by its first bytes."""

    UNDECIDED = "more bytes are needed"
    STREAM = "can be decoded as it arrives"
    FRAGMENTED = "an MP4 of fragments: can be decoded as it arrives, its duration unknown"
    INDEX_LAST = "an MP4 with its samples ahead of its index: must be a file"


def detect_layout(head: bytes) -> StreamLayout:
    """Return the layout of a stream by its first bytes.

    Source: ISO/IEC 14496-12: ``moov`` (8.2.1) is the index, ``mdat`` (8.1.1) the samples,
    ``moof`` (8.8.4) a fragment, ``mvex`` (8.8.1) in ``moov`` announces fragments.
    """
    if len(head) < 8:
        return StreamLayout.UNDECIDED
    if head[4:8] not in _STARTS:
        return StreamLayout.STREAM
    offset = 0
    while len(head) >= offset + 16:
        name, size = _box(head, offset)
        if name == b"mdat":
            return StreamLayout.INDEX_LAST
        if name == b"moof":
            return StreamLayout.FRAGMENTED
        if name == b"moov":
            return _index_layout(head[offset : offset + size], size)
        if size < 8:
            return StreamLayout.STREAM
        offset += size
    return StreamLayout.UNDECIDED


def _index_layout(index: bytes, size: int) -> StreamLayout:
    if size > _SMALL_INDEX_BYTES:
        return StreamLayout.STREAM
    if len(index) < size:
        return StreamLayout.UNDECIDED
    offset = 8
    while len(index) >= offset + 8:
        name, inner = _box(index, offset)
        if name == b"mvex":
            return StreamLayout.FRAGMENTED
        offset += max(8, inner)
    return StreamLayout.STREAM


def _box(data: bytes, offset: int) -> tuple[bytes, int]:
    """Return a box's name and its size with the header. Source: the same, section 4.2."""
    size = int.from_bytes(data[offset : offset + 4], "big")
    if size == 1:
        size = int.from_bytes(data[offset + 8 : offset + 16], "big")
    return data[offset + 4 : offset + 8], size
