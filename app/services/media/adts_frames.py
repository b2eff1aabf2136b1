"""Frames of AAC in ADTS with the lost ones made up for, so that their count stays the time."""

from __future__ import annotations

from app.services.media.id3_tag import tag_bytes

_HEADER_BYTES = 7
_LARGEST_BYTES = 2**13 - 1
_USUAL = 0.05
"""Weight of a new frame in the usual length of a frame."""

_MOST_LOST = 100_000


class AdtsFrames:
    """Replaces bytes that are no frames by as many empty frames as they would have been.

    The decoder skips such bytes and says nothing of how many there were. An empty frame gives no
    sound but takes its time. Source: ISO/IEC 13818-7 section 6.2, the header of 7 bytes: sync word,
    then layer 0, and the frame's length in 13 bits.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False
        self._usual = 0.0
        self._header = b""
        self._lost = 0

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; return those that are ready."""
        data, ready, at = self._rest + chunk, bytearray(), 0
        while len(data) - at >= _LARGEST_BYTES + _HEADER_BYTES:
            at += self._next(data, at, ready)
        self._rest = data[at:]
        return bytes(ready)

    def finish(self) -> bytes:
        """Return what was held back, at the end."""
        data, ready, at = self._rest, bytearray(), 0
        while at < len(data):
            at += self._next(data, at, ready)
        return bytes(ready) + self._made_up()

    def _next(self, data: bytes, at: int, ready: bytearray) -> int:
        """Take a frame, or skip to the next one; return how many bytes that were."""
        length = _frame_length(data, at)
        follows = _frame_length(data, at + length) or at + length + _HEADER_BYTES > len(data)
        if length and (follows or (self._begun and not self._lost)):
            ready += self._made_up() + data[at : at + length]
            self._usual += (length - self._usual) * (_USUAL if self._begun else 1)
            self._header = data[at : at + _HEADER_BYTES]
            self._begun = True
            return length
        place = data.find(b"\xff", at + 1)
        skipped = (place if place > 0 else len(data)) - at
        if not self._begun:  # tags ahead of the first frame
            ready += data[at : at + skipped]
        else:
            self._lost += skipped
        return skipped

    def _made_up(self) -> bytes:
        """Return empty frames for the bytes that were lost."""
        count = min(_MOST_LOST, round(self._lost / self._usual)) if self._begun else 0
        self._lost = 0
        if not count:
            return b""
        length = _HEADER_BYTES + 2
        header = bytearray(self._header)
        header[1] |= 1  # no checksum
        header[3] = header[3] & 0xFC | length >> 11
        header[4] = length >> 3 & 0xFF
        header[5] = (length & 7) << 5 | 0x1F
        header[6] = 0xFC
        return (bytes(header) + b"\xff\xff") * count


def is_adts(head: bytes) -> bool:
    """Whether media is AAC in ADTS, perhaps behind a tag."""
    at = tag_bytes(head)
    length = _frame_length(head, at)
    return length > 0 and _frame_length(head, at + length) > 0


def _frame_length(data: bytes, at: int) -> int:
    """Return the length of the frame at a place; 0 where there is none."""
    if at + _HEADER_BYTES > len(data) or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return 0
    length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return length if length > _HEADER_BYTES else 0
