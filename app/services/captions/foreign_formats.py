"""Formats that users send as captions and that are not read, by name."""

from __future__ import annotations

_BY_ENDING = {
    "smi": "SAMI", "sami": "SAMI",
    "mcc": "MacCaption MCC", "cap": "Cheetah CAP", "pac": "Screen Electronics PAC",
    "890": "Cavena 890", "usf": "USF",
    "rt": "RealText", "sup": "PGS, which holds pictures", "idx": "VobSub, which holds pictures",
    "ttxt": "GPAC timed text", "docx": "Word", "doc": "Word", "rtf": "RTF", "pdf": "PDF",
}  # fmt: skip
_BY_BEGIN = (
    (b"<sami", "SAMI"),
    (b"file format=maccaption", "MacCaption MCC"),
    (b"# vobsub index file", "VobSub, which holds pictures"),
    (b"\x00\x00\x01\xba", "VobSub, which holds pictures"),
    (b"pg\x00", "PGS, which holds pictures"),
    (b"<window", "RealText"),
    (b"{\\rtf", "RTF"),
    (b"%pdf-", "PDF"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"\x89png", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"gif8", "a picture"),
)
"""First bytes, in lower case."""

_MEDIA_BEGINS = (
    *(b"RIFF", b"RF64", b"FORM", b"OggS", b"fLaC", b"ID3", b"FLV", b"#!AMR", b"#EXTM3U", b".snd"),
    *(b"\x1aE\xdf\xa3", b"0&\xb2u", b"caff", b"wvpk", b"MAC ", b"\x0bw"),
)
_TS_PACKET_BYTES = 188


def foreign_format(name: str, head: bytes) -> str | None:
    """Return the name of the format that a file is in and that is not read as captions.

    Args:
        name: of the file, for its ending; may be empty.
        head: its first bytes; they count before the name.
    """
    begin = head[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for sign, format_name in _BY_BEGIN:
        if begin.startswith(sign):
            return format_name
    return _BY_ENDING.get(name.rpartition(".")[2].lower()) if "." in name else None


def is_foreign_name(ending: str) -> bool:
    """Whether a file's ending is that of captions in a format that is not read."""
    return ending in _BY_ENDING


def begins_like_media(head: bytes) -> bool:
    """Whether a file's first bytes are those of a container of sound or video."""
    if head.startswith(_MEDIA_BEGINS) or head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return True
    if head[:1] == b"G" and head[_TS_PACKET_BYTES : _TS_PACKET_BYTES + 1] == b"G":
        return True
    # MPEG audio and ADTS; a byte order mark of UTF-16 begins with the same bits.
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] != 0xFE
