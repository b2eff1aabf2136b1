"""The media type of a recording by its first bytes."""

from __future__ import annotations

HEAD_BYTES = 512

_UNKNOWN = "application/octet-stream"
_EBML = b"\x1a\x45\xdf\xa3"
_PACKET_BYTES = 188
"""Of a transport stream. Source: ISO/IEC 13818-1."""
_STARTS = (
    (b"ID3", "audio/mpeg"),
    (b"OggS", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"FORM", "audio/aiff"),
    (b".snd", "audio/basic"),
)
_RIFF = {b"WAVE": "audio/wav", b"AVI ": "video/avi"}


def media_type_of(head: bytes) -> str:
    """Return the media type of a recording; ``application/octet-stream`` where it is unknown.

    Source: WHATWG MIME Sniffing, section 6.2 (audio and video), which players follow; frames of
    MPEG audio without a tag by ISO/IEC 11172-3 and 13818-7.

    Args:
        head: its first `HEAD_BYTES` bytes.
    """
    for start, found in _STARTS:
        if head.startswith(start):
            return found
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], _UNKNOWN)
    if head.startswith(_EBML):
        return "video/webm" if b"webm" in head else "video/x-matroska"
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head[:1] == b"G" and head[_PACKET_BYTES : _PACKET_BYTES + 1] == b"G":
        return "video/mp2t"
    return _frame_type(head)


def _frame_type(head: bytes) -> str:
    """Tell AAC in ADTS and MPEG audio apart by the layer of their first frame."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return _UNKNOWN
    layer = head[1] >> 1 & 3
    if layer:
        return "audio/mpeg"
    return "audio/aac" if head[1] & 0xF0 == 0xF0 else _UNKNOWN
