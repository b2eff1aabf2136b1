"""Codes of EBU STL files: characters by code table, languages, disk formats, text controls.

Source: EBU Tech 3264-E (1991), "Specification of the EBU subtitling data exchange format",
sections 3 (GSI block), 4 (TTI block) and appendices 1 to 4 (character code tables, language codes).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

from app.domain.frame_clock import NTSC_DROP, PAL, FrameClock

GSI_BYTES = 1024
TTI_BYTES = 128
TEXT_BYTES = 112
"""Of a TTI block: its text field."""

LAST_BLOCK = 0xFF
"""Extension block number of a subtitle's last block; smaller ones count those before it."""

LAST_EXTENSION = 0xEF

USER_DATA = 0xFE
ITALIC_ON, ITALIC_OFF, UNDERLINE_ON, UNDERLINE_OFF = 0x80, 0x81, 0x82, 0x83
BOX_ON, BOX_OFF = 0x84, 0x85
NEW_LINE, UNUSED = 0x8A, 0x8F
END_BOX, START_BOX, NORMAL_HEIGHT, DOUBLE_HEIGHT = 0x0A, 0x0B, 0x0C, 0x0D

COLOURS = ("#000000", "#ff0000", "#00ff00", "#ffff00", "#0000ff", "#ff00ff", "#00ffff", "#ffffff")
"""Teletext's alphanumeric colours by their codes, 0 to 7. Source: ETSI EN 300 706, section 12.2."""

WHITE = 7

LATIN, CYRILLIC, ARABIC, GREEK, HEBREW = "00", "01", "02", "03", "04"
_ISO_TABLES = {
    CYRILLIC: "iso8859_5",
    ARABIC: "iso8859_6",
    GREEK: "iso8859_7",
    HEBREW: "iso8859_8",
}

CLOCKS: Mapping[str, FrameClock] = {
    "STL23.01": FrameClock(24, ntsc=True),
    "STL24.01": FrameClock(24),
    "STL25.01": PAL,
    "STL30.01": NTSC_DROP,
    "STL50.01": FrameClock(50),
}
"""Clocks by disk format code. The specification has 25 and 30 frames; the other rates are those
that subtitling stations write in the same place. At 30 the time code is NTSC's with dropped
frames, which stays with the clock, so that readers that take it for real time are right too."""

LANGUAGES: Mapping[str, str] = {
    "01": "sq", "02": "br", "03": "ca", "04": "hr", "05": "cy", "06": "cs", "07": "da", "08": "de",
    "09": "en", "0A": "es", "0B": "eo", "0C": "et", "0D": "eu", "0E": "fo", "0F": "fr", "10": "fy",
    "11": "ga", "12": "gd", "13": "gl", "14": "is", "15": "it", "16": "se", "17": "la", "18": "lv",
    "19": "lb", "1A": "lt", "1B": "hu", "1C": "mt", "1D": "nl", "1E": "no", "1F": "oc", "20": "pl",
    "21": "pt", "22": "ro", "23": "rm", "24": "sr", "25": "sk", "26": "sl", "27": "fi", "28": "sv",
    "29": "tr", "2B": "wa", "45": "zu", "46": "vi", "47": "uz", "48": "ur", "49": "uk", "4A": "th",
    "4B": "te", "4C": "tt", "4D": "ta", "4E": "tg", "4F": "sw", "51": "so", "52": "si", "53": "sn",
    "56": "ru", "57": "qu", "58": "ps", "59": "pa", "5A": "fa", "5C": "or", "5D": "ne", "5E": "nd",
    "5F": "mr", "61": "ms", "62": "mg", "63": "mk", "64": "lo", "65": "ko", "66": "km", "67": "kk",
    "68": "kn", "69": "ja", "6A": "id", "6B": "hi", "6C": "he", "6D": "ha", "6E": "gn", "6F": "gu",
    "70": "el", "71": "ka", "72": "ff", "75": "zh", "76": "my", "77": "bg", "78": "bn", "79": "be",
    "7A": "bm", "7B": "az", "7C": "as", "7D": "hy", "7E": "ar", "7F": "am",
}  # fmt: skip
"""Language codes (LC) as BCP 47 tags."""

_LATIN_SINGLES = dict(
    zip(
        (*range(0xA0, 0xA6), *range(0xA7, 0xC0), *range(0xD0, 0xD6), *range(0xDC, 0x100)),
        "\u00a0¡¢£$¥§¤‘“«←↑→↓°±²³×µ¶·÷’”»¼½¾¿—¹®©™♪⅛⅜⅝⅞ΩÆĐªĦ\ufffdĲĿŁØŒºÞŦŊŉĸæđðħıĳŀłøœßþŧŋ\u00ad",
        strict=True,
    )
)
_LATIN_ACCENTS = {
    0xC1: "\u0300", 0xC2: "\u0301", 0xC3: "\u0302", 0xC4: "\u0303", 0xC5: "\u0304", 0xC6: "\u0306",
    0xC7: "\u0307", 0xC8: "\u0308", 0xCA: "\u030a", 0xCB: "\u0327", 0xCD: "\u030b", 0xCE: "\u0328",
    0xCF: "\u030c",
}  # fmt: skip
"""ISO 6937's non-spacing accents, which precede their letter, as combining characters."""

_ASCII = {code: chr(code) for code in range(0x20, 0x7F)}
"""The lower half of the Latin table. Its 24h is the currency sign, where ISO 646 has the dollar.
Many programs write the dollar there, and no subtitles have currency signs."""


def decode(data: bytes, table: str) -> str:
    """Return the text of printable codes; those that the table lacks are U+FFFD.

    Args:
        data: codes from 20h to 7Fh and from A0h on.
        table: character code table (CCT), ``00`` to ``04``.
    """
    if table in _ISO_TABLES:
        return data.decode(_ISO_TABLES[table], "replace")
    return "".join(_latin(data))


def _latin(data: bytes) -> Iterator[str]:
    accent = ""
    for code in data:
        if code in _LATIN_ACCENTS:
            accent = _LATIN_ACCENTS[code]
            continue
        char = _ASCII.get(code) or _LATIN_SINGLES.get(code, "\ufffd")
        yield _composed(char, accent)
        accent = ""


def _composed(char: str, accent: str) -> str:
    if char + accent == _CEDILLA_ABOVE:
        return "ģ"
    # An accent of its own precedes a space, which Unicode writes the other way round.
    return unicodedata.normalize("NFC", char + accent)


@cache
def codes_of(table: str) -> Mapping[str, bytes]:
    """Return the codes of every character that a table has, accented letters included."""
    if table in _ISO_TABLES:
        upper = ((code, bytes([code]).decode(_ISO_TABLES[table], "ignore")) for code in _UPPER)
        singles = {char: bytes([code]) for code, char in upper if char}
        return singles | {chr(code): bytes([code]) for code in range(0x20, 0x7F)}
    letters = [char for char in _ASCII.values() if char.isalpha()]
    return {
        **{char: bytes([code]) for code, char in _ASCII.items() if code != 0x24},
        **{char: bytes([code]) for code, char in _LATIN_SINGLES.items() if char != "\ufffd"},
        **_accented(letters),
    }


_UPPER = range(0xA0, 0x100)
_FIRST_FOREIGN = "\u0180"
"""The letters of ISO 6937 are those of Unicode's Latin-1 Supplement and Latin Extended-A."""

_NOT_IN_ISO_6937 = "ĔĬŎĕĭŏ"
_CEDILLA_ABOVE = "g\u0301"
"""The small g with a cedilla is written with the code of the acute accent, as it stands above."""


def _accented(letters: list[str]) -> dict[str, bytes]:
    """Return the accented letters of ISO 6937, which has no other combinations."""
    found = {"ģ": b"\xc2g"}
    for letter in letters:
        for code, accent in _LATIN_ACCENTS.items():
            whole = unicodedata.normalize("NFC", letter + accent)
            if len(whole) == 1 and whole < _FIRST_FOREIGN and whole not in _NOT_IN_ISO_6937:
                found[whole] = bytes([code, ord(letter)])
    return found
