"""Length in bytes that a container's structure requires, to recognise truncated files.

ffmpeg decodes a truncated file up to its end and reports success. Each parser below skips over
the parts of one container and returns how many bytes the whole must have.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from typing import BinaryIO, NamedTuple

from app.services.media.header_sizes import OPEN_ENDED, is_placeholder
from app.services.media.id3_tag import tag_bytes


class ByteRequest(NamedTuple):
    """Bytes that a parser needs; the answer is shorter only where the media ends."""

    offset: int
    length: int


LengthParser = Generator[ByteRequest, bytes, int | None]
"""Requests bytes at ascending offsets; returns the media's length, None when unknown."""

_MOST_TAGS = 16
"""ID3 tags ahead of the media; writers leave one, seldom two."""

_MAX_PARTS = 100_000
"""Parts that are skipped before a parser gives up: 27 h of fragments of one second."""


def parse_length() -> LengthParser:
    """Return the length that the media must have, whatever container it is."""
    start = 0
    for _ in range(_MOST_TAGS):
        head = yield ByteRequest(start, 12)
        length = tag_bytes(head)
        if not length:
            for recognises, parser in _PARSERS:
                if recognises(head):
                    return (yield from _shifted(parser(), start))
            return None
        start += length
    return None


def _shifted(parser: LengthParser, by: int) -> LengthParser:
    """Parse what begins so many bytes behind the beginning."""
    try:
        request = next(parser)
        while True:
            request = parser.send((yield ByteRequest(request.offset + by, request.length)))
    except StopIteration as end:
        return None if end.value is None else end.value + by


def expected_length(file: BinaryIO) -> int | None:
    """Return the length that an open file must have by its structure, None when unknown."""
    parser = parse_length()
    request = next(parser)
    size = file.seek(0, os.SEEK_END)
    while True:
        # A size field may name any place, also one that no file system could seek to.
        file.seek(min(request.offset, size))
        try:
            request = parser.send(file.read(request.length))
        except StopIteration as end:
            length: int | None = end.value
            return length


class StreamLengthParser:
    """Length parser for a stream; buffers only the bytes that it waits for."""

    def __init__(self) -> None:
        self._parser = parse_length()
        self._request: ByteRequest | None = next(self._parser)
        self._buffer = bytearray()
        self._buffer_offset = 0
        self._length: int | None = None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._buffer += chunk
        while self._request is not None:
            surplus = min(self._request.offset - self._buffer_offset, len(self._buffer))
            del self._buffer[:surplus]
            self._buffer_offset += surplus
            if (
                self._buffer_offset < self._request.offset
                or len(self._buffer) < self._request.length
            ):
                return
            self._answer(bytes(self._buffer[: self._request.length]))
        self._buffer.clear()

    def finish(self) -> int | None:
        """Return the length that the media must have, once all bytes were fed; None if unknown."""
        while self._request is not None:
            begin = self._request.offset - self._buffer_offset
            self._answer(bytes(self._buffer[begin : begin + self._request.length]))
        return self._length

    def _answer(self, data: bytes) -> None:
        try:
            self._request = self._parser.send(data)
        except StopIteration as end:
            self._request, self._length = None, end.value


def _mp4() -> LengthParser:
    """ISO base media. Source: ISO/IEC 14496-12 section 4.2, a file is a sequence of boxes."""
    offset = 0
    for _ in range(_MAX_PARTS):
        header = yield ByteRequest(offset, 16)
        if len(header) < 8 or not header[4:8].isascii():
            return offset or None
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < 8:  # 0: up to the end of the file, wherever that is
            return None
        offset += size
    return None


def _riff() -> LengthParser:
    """WAV, RF64 and AVI. Source: Microsoft's RIFF; OpenDML 1.02, more than one RIFF chunk."""
    form = yield ByteRequest(0, 12)
    if form[8:12] == b"WAVE":
        return (yield from _wave())
    offset = 0
    for _ in range(_MAX_PARTS):
        header = yield ByteRequest(offset, 8)
        if header[:4] != b"RIFF" or len(header) < 8:
            return offset
        size = int.from_bytes(header[4:8], "little")
        if not 0 < size < OPEN_ENDED:
            return None
        offset += 8 + size + size % 2
    return None


def _wave() -> LengthParser:
    """The chunk of samples; its size is the one to trust. Source: EBU Tech 3306 for ds64."""
    offset, wide = 12, None
    for _ in range(_MAX_PARTS):
        header = yield ByteRequest(offset, 24)
        name, size = header[:4], int.from_bytes(header[4:8], "little")
        if len(header) < 8:
            return offset
        if name == b"ds64":
            wide = int.from_bytes(header[16:24], "little")
        if name == b"data" and wide is not None:
            return offset + 8 + wide
        if name == b"data":
            return None if is_placeholder(size) else offset + 8 + size
        offset += 8 + size + size % 2
    return None


def _aiff() -> LengthParser:
    """AIFF. Source: Apple, AIFF 1.3: one FORM chunk."""
    header = yield ByteRequest(0, 8)
    size = int.from_bytes(header[4:8], "big")
    return None if is_placeholder(size) else 8 + size


def _matroska() -> LengthParser:
    """Matroska and WebM. Source: RFC 8794 sections 4 to 6: a header, then one Segment."""
    offset = 4
    header = yield ByteRequest(offset, 8)
    size, width = _ebml_size(header)
    if size is None:
        return None
    offset += width + size
    segment = yield ByteRequest(offset, 12)
    if segment[:4] != b"\x18\x53\x80\x67":
        return None
    size, width = _ebml_size(segment[4:])
    return None if size is None else offset + 4 + width + size


def _ebml_size(data: bytes) -> tuple[int | None, int]:
    """Return a size, None where it is unknown, and its own length in bytes."""
    width = 9 - data[0].bit_length() if data else 9
    if width > min(8, len(data)):
        return None, 0
    ones = (1 << 7 * width) - 1
    size = int.from_bytes(data[:width], "big") & ones
    return (None if size == ones else size), width


def _mp3() -> LengthParser:
    """MP3 with a Xing or Info header, which counts the bytes. Source: Xing's header, LAME 3.100."""
    frame = yield ByteRequest(0, 64)
    if frame[:1] != b"\xff":
        return None
    for place in (frame.find(b"Xing"), frame.find(b"Info")):
        flags = frame[place + 7] if place > 0 and place + 16 <= len(frame) else 0
        if flags & 0b10:
            at = place + 8 + (4 if flags & 0b01 else 0)
            return int.from_bytes(frame[at : at + 4], "big")
    return None


_PARSERS: tuple[tuple[Callable[[bytes], bool], Callable[[], LengthParser]], ...] = (
    (lambda head: head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"}, _mp4),
    (lambda head: head[:4] in {b"RIFF", b"RF64"}, _riff),
    (lambda head: head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}, _aiff),
    (lambda head: head[:4] == b"\x1a\x45\xdf\xa3", _matroska),
    (lambda head: head[:1] == b"\xff", _mp3),
)
