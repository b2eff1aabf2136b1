"""Sizes in the headers of sound files that their writers could not know, or got wrong.

A program that writes to a pipe cannot go back to its header, and one that is killed does not. The
decoder believes the header: it stops where that ends, or takes the rest for missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_LEAST_PLACEHOLDER = 10**8
_ROUND = ((10**6, 64), (2**24, 4096))
"""Multiples that no recording's size is near by chance, with how near: the second one less the
length of a header. Writers are seen to use 2,000,000,000, 2^30, 2^31 and 2^32."""

OPEN_ENDED = 0x7FFF0000
"""Sizes from here on stand for "unknown"."""

_UNKNOWN = 0xFFFFFFFF
_TIMES_TOO_LONG = 100
"""No upload that breaks off has a hundredth of its sound."""

_SLACK_BYTES = 4096


def is_placeholder(size: int) -> bool:
    """Whether the size of samples in a header says nothing about how many there are."""
    if size == 0 or size >= OPEN_ENDED:
        return True
    near = (min(size % round_to, -size % round_to) <= slack for round_to, slack in _ROUND)
    return size >= _LEAST_PLACEHOLDER and any(near)


@dataclass(frozen=True, slots=True)
class CorrectedHead:
    """A head with other sizes.

    Attributes:
        head: of the same length as before.
        claimed: bytes of samples that it named.
        held: bytes of samples that there are; None where that is not known.
    """

    head: bytes
    claimed: int
    held: int | None

    @property
    def is_news(self) -> bool:
        """Whether the size was a wrong one and not simply left out."""
        return self.claimed not in {0, _UNKNOWN} and self.claimed < OPEN_ENDED


def corrected_head(head: bytes, size: int | None) -> CorrectedHead | None:
    """Return the head of WAV, RF64, AIFF or AU with the sizes that it should have.

    None where they are right, or where they name more samples than there are and may be true, so
    that the rest is missing.

    Args:
        head: the first bytes, as far as they are known.
        size: of the whole in bytes; None where it is not known.
    """
    fields = _fields(head)
    if fields is None:
        return None
    claimed = int.from_bytes(head[fields.at : fields.at + fields.width], fields.order)
    held = None if size is None else size - fields.samples_at
    wrong = is_placeholder(claimed)
    if held is not None and held > 0:
        wrong = wrong or claimed > _TIMES_TOO_LONG * held or held > 2 * claimed + _SLACK_BYTES
    if not wrong:
        return None
    return CorrectedHead(fields.written(head, held), claimed, held)


def has_sizes(head: bytes) -> bool:
    """Whether a head reaches up to the samples."""
    return _fields(head) is not None


@dataclass(frozen=True, slots=True)
class _Fields:
    """Places of sizes in a head.

    Attributes:
        at, width, order: of the size of the samples.
        samples_at: where samples begin.
        extra: bytes of the chunk of samples ahead of them.
        form_at: place of the size of the whole file; None without one.
        frames_at: place of the number of frames; None without one.
        frame_bytes: of a frame, where that is needed.
    """

    at: int
    width: int
    order: Literal["little", "big"]
    samples_at: int
    extra: int = 0
    form_at: int | None = None
    frames_at: int | None = None
    frame_bytes: int = 1

    def written(self, head: bytes, held: int | None) -> bytes:
        """Return a head with the sizes for so many bytes of samples."""
        data = bytearray(head)
        most = 2 ** (8 * self.width) - 1 if self.width == 4 else 2**62
        samples = _UNKNOWN if held is None else min(held + self.extra, most)
        _put(data, self.at, self.width, self.order, samples)
        if self.form_at is not None:
            whole = samples if held is None else held + self.samples_at - 8
            _put(data, self.form_at, 4, self.order, min(whole, _UNKNOWN))
        if self.frames_at is not None:
            frames = (samples - self.extra) // self.frame_bytes
            _put(data, self.frames_at, 4, self.order, min(frames, 2**31 - 1))
        return bytes(data)


def _put(data: bytearray, at: int, width: int, order: Literal["little", "big"], value: int) -> None:
    data[at : at + width] = value.to_bytes(width, order)


def _fields(head: bytes) -> _Fields | None:
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return _wave_fields(head)
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return _aiff_fields(head)
    if head[:4] == b".snd" and len(head) >= 24:  # Source: Sun's audio file format
        return _Fields(8, 4, "big", int.from_bytes(head[4:8], "big"))
    return None


def _wave_fields(head: bytes) -> _Fields | None:
    """Source: Microsoft's RIFF; EBU Tech 3306 for the sizes of 64 bits in ds64."""
    offset, wide_at = 12, None
    while offset + 8 <= len(head):
        name, size = (
            head[offset : offset + 4],
            int.from_bytes(head[offset + 4 : offset + 8], "little"),
        )
        if name == b"ds64":
            wide_at = offset + 16
        if name == b"data" and wide_at is not None and head[:4] == b"RF64":
            return _Fields(wide_at, 8, "little", offset + 8)
        if name == b"data":
            return _Fields(offset + 4, 4, "little", offset + 8, form_at=4)
        offset += 8 + size + size % 2
    return None


def _aiff_fields(head: bytes) -> _Fields | None:
    """Source: Apple, AIFF 1.3: COMM has channels, frames, bits; SSND 8 bytes ahead of samples."""
    offset, frames_at, frame_bytes = 12, None, 1
    while offset + 16 <= len(head):
        name, size = head[offset : offset + 4], int.from_bytes(head[offset + 4 : offset + 8], "big")
        if name == b"COMM":
            frames_at = offset + 10
            channels = int.from_bytes(head[offset + 8 : offset + 10], "big")
            bits = int.from_bytes(head[offset + 14 : offset + 16], "big")
            frame_bytes = max(1, channels * ((bits + 7) // 8))
        if name == b"SSND":
            begin = offset + 16
            return _Fields(offset + 4, 4, "big", begin, 8, 4, frames_at, frame_bytes)
        offset += 8 + size + size % 2
    return None
