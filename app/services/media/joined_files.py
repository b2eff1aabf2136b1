"""Files that were joined byte by byte, recognised by the heads of the later ones.

A decoder stops at the end of the first of them. Recorders in browsers that are begun anew write
such files, and so does everyone who joins files by ``cat``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import BinaryIO

from app.services.media.container_length import expected_length
from app.services.media.id3_tag import tag_bytes
from app.services.media.mp4_boxes import is_mp4, joined_starts, top_boxes

MOST_PARTS = 200
"""Parts that are decoded one by one; each takes a process. The last one has the rest."""

_NEAR_BYTES = 1024
"""Heads closer to the beginning of a part belong to it: a second tag, one page for each stream."""

_LONGEST_HEAD = 80

_WINDOW_BYTES = 2**20
"""Bytes that are searched at a time, which holds up other threads for some milliseconds."""


def _head(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_EBML = _head(
    rb"\x1a\x45\xdf\xa3(?:[\x80-\xff]|[\x40-\x7f].|\x01\x00{6}.)\x42[\x82\x85-\x87\xf2\xf3\xf7]"
)
"""The header's name and size, then the name of one of its elements."""

_WAVE = _head(rb"(?:RIFF|RF64).{4}WAVE(?:fmt |JUNK|junk|bext|ds64|LIST|fact)")
_AVI = _head(rb"RIFF.{4}AVI LIST.{4}hdrl")
_AIFF = _head(rb"FORM.{4}AIF[FC](?:COMM|FVER|NAME|AUTH|ANNO|COMT|ID3 )")
_AU = _head(rb"\.snd\x00\x00[\x00-\x0f].{4}.\x00\x00\x00.\x00")
_OGG = _head(rb"OggS\x00\x02\x00{8}.{4}\x00{4}")
_FLAC = _head(rb"fLaC[\x00\x80]\x00\x00\x22")
_ID3 = _head(rb"ID3[\x02-\x04]\x00[\x00-\xf0][\x00-\x7f]{4}[A-Z0-9\x00]{3}")
_MP4 = _head(rb"\x00\x00\x00[\x10-\x80]ftyp[ -~]{4}")
_FLV = _head(rb"FLV\x01[\x01\x04\x05]\x00\x00\x00\x09\x00\x00\x00\x00")
_ASF = _head(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c")
_AMR = _head(rb"#!AMR(?:-WB)?\n")
_CAF = _head(rb"caff\x00\x01\x00\x00desc")

_MPEG_AUDIO = _head(rb"(?:ID3|\xff[\xe0-\xff])")
_HEADS = (_EBML, _WAVE, _AVI, _AIFF, _AU, _OGG, _FLAC, _MP4, _FLV, _ASF, _AMR, _CAF)
"""Beginnings of files, each of so many certain bytes that no sound holds them by chance. Sources:
RFC 8794 section 11.2, Microsoft's RIFF, Apple's AIFF 1.3 and CAF, RFC 3533 section 6, RFC 9639
section 8, ID3v2.4 section 3.1, ISO/IEC 14496-12 section 4.3, Adobe's FLV 10.1 annex E, Microsoft's
ASF section 10.1, RFC 4867 section 5.1."""


def head_of_next(head: bytes) -> re.Pattern[bytes] | None:
    """Return what a further file of the same kind begins with; None where kinds are not joined.

    Args:
        head: the first `HEAD_BYTES` of the media.
    """
    if _MPEG_AUDIO.match(head):
        return _ID3
    return next((pattern for pattern in _HEADS if pattern.match(head)), None)


HEAD_BYTES = _LONGEST_HEAD


def starts_in(file: BinaryIO, size: int) -> list[int]:
    """Return where files begin in a file, the first one at 0.

    Args:
        file: open for reading.
        size: of the file in bytes.
    """
    head = _read(file, 0, HEAD_BYTES)
    pattern = head_of_next(head)
    if pattern is None:
        return [0]
    if is_mp4(head):
        return joined_starts(top_boxes(file, size))[:MOST_PARTS]
    # An AVI may go on in further chunks of the same kind, so that joined ones seem to be one.
    if pattern is not _AVI and expected_length(file) == size:
        return [0]
    starts, at = [0], 0
    while at < size and len(starts) < MOST_PARTS:
        least = starts[-1] + tag_bytes(_read(file, starts[-1], 10)) + _NEAR_BYTES
        begin = max(at, least)
        match = pattern.search(_read(file, begin, _WINDOW_BYTES + HEAD_BYTES))
        if match is None:
            at = begin + _WINDOW_BYTES
        else:
            at = begin + match.start()
            starts.append(at)
    return starts


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


async def split(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[AsyncIterator[bytes], None]:
    """Yield the joined files of a stream, each to be read to its end before the next one."""
    splitter = _Splitter(chunks)
    async with aclosing(chunks):
        while not splitter.ended:
            yield splitter.part()


class _Splitter:
    """Reads a stream in parts.

    Attributes:
        ended: whether there is no further part.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self.ended = False
        self._chunks = chunks
        self._buffer = b""
        self._parts = 0

    async def part(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the next part."""
        self._parts += 1
        while len(self._buffer) < HEAD_BYTES and (chunk := await anext(self._chunks, b"")):
            self._buffer += chunk
        pattern = head_of_next(self._buffer[:HEAD_BYTES])
        if self._parts >= MOST_PARTS:
            pattern = None
        passed, least = 0, tag_bytes(self._buffer) + _NEAR_BYTES
        while True:
            match = pattern.search(self._buffer, max(0, least - passed)) if pattern else None
            if match is not None:
                yield self._take(match.start())
                return
            ready = max(0, len(self._buffer) - HEAD_BYTES)
            passed += ready
            if ready:
                yield self._take(ready)
            chunk = await anext(self._chunks, b"")
            if not chunk:
                self.ended = True
                yield self._take(len(self._buffer))
                return
            self._buffer += chunk

    def _take(self, count: int) -> bytes:
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken
