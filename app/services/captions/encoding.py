"""Decoder for text files of unknown encoding."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from app.domain.language import Language
from app.services.captions.code_pages import ESCAPED
from app.services.captions.decoded_file import SURE, DecodedFile
from app.services.captions.double_encoding import once_encoded
from app.services.captions.encoding_guess import Guess, guess_encoding
from app.services.captions.wide_text import wide_without_mark

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does, so it is tried first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REPLACEMENT = "\ufffd".encode()
_VALID_PER_BROKEN = 4
"""A file with so many valid characters beyond ASCII for each broken one is damaged UTF-8; in
another encoding nearly all of them are broken."""

_ESCAPES = (b"\x1b$", b"\x1b(", b"~{")
"""How encodings of seven bits leave ASCII. Source: ISO 2022 (RFC 1468, RFC 1557), HZ (RFC 1843)."""

_DECLARATION = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding=["']([A-Za-z0-9._-]{1,40})|charset=["']?([A-Za-z0-9._-]{1,40})""",
    re.IGNORECASE,
)
"""How XML and the HTML of SAMI name their encoding. Source: XML 1.0, 4.3.3; HTML 4.01, 5.2.2."""

_DECLARATION_BYTES = 2**11

_BINARY = re.compile(rb"[\x20-\x7f]{3}STL[0-9]{2}\.[0-9]{2}")
"""EBU STL is binary: each byte becomes the character of the same number, and its reader takes the
bytes back. Source: EBU Tech 3264-E, section 3 (code page number, disk format code)."""

_LEAST_STRANGE, _PLAINLY = 4, 0.9
"""Bytes beyond ASCII from which lines may be in another encoding than the rest, and how plausible
they must be then: fewer or others are damage."""

_RARE = ("mac", "cp4", "cp7", "cp8", "iso8859")
"""Encodings of DOS, the Macintosh and ISO: a few bytes are damaged UTF-8 rather than those."""

_COMBINING = "cp1258"
"""Writes Vietnamese letters in two parts, which fonts and comparisons expect to be one."""


def decode_text(data: bytes, language: Language | None = None) -> str:
    """Return a file's text alone; see `decode_file`."""
    return decode_file(data, language).text


def decode_head(data: bytes) -> str:
    """Return the beginning of a file, perhaps of no text at all, for a look at its format."""
    if _BINARY.match(data):
        return data.decode("latin-1")
    if b"\0" in data and not (_is_marked(data) or wide_without_mark(data)):
        return data.decode("latin-1")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError:
        return decode_file(data).text


def _is_marked(data: bytes) -> bool:
    return any(data.startswith(mark) for mark, _ in _MARKS)


def decode_file(data: bytes, language: Language | None = None) -> DecodedFile:
    """Decode a file; undecodable bytes become U+FFFD, nothing is raised.

    An encoding is guessed only where the bytes are not UTF-8. A U+FFFD that the file itself holds
    is a character like any other: what another program has lost is not found again.

    Args:
        data: the whole file, or its beginning.
        language: of the text, which decides between encodings; None where it is unknown.
    """
    if _BINARY.match(data):
        return DecodedFile(data.decode("latin-1"), "latin-1")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            name = "utf-8" if encoding == "utf-8-sig" else encoding
            return _once_encoded(_read(data, encoding, name))
    if wide := wide_without_mark(data):
        return _read(data, wide, wide)
    if (escaped := _escaped(data, language)) is not None:
        return escaped
    try:
        return _once_encoded(DecodedFile(data.decode("utf-8"), "utf-8"))
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd") - data.count(_REPLACEMENT)
    valid = sum(1 for char in text if char > "\x7f") - broken
    if valid >= broken * _VALID_PER_BROKEN:
        return _damaged_utf8(data, language)
    if (declared := _declared(data)) is not None:
        return declared
    guess = guess_encoding(data, language)
    clear = guess.fits and not guess.encoding.startswith(_RARE)
    if valid and valid >= broken and not clear:
        return _damaged_utf8(data, language)
    return _guessed(data, guess)


def _once_encoded(file: DecodedFile) -> DecodedFile:
    """Return a file as it was before a program encoded it a second time, where one did."""
    found = once_encoded(file.text)
    if found is None:
        return file
    text, between = found
    return replace(file, text=text, encoded_twice=between)


def _declared(data: bytes) -> DecodedFile | None:
    """Decode a file that names its encoding itself; None where it does not, or is in another."""
    named = _DECLARATION.search(data[:_DECLARATION_BYTES])
    if named is None:
        return None
    encoding = (named[1] or named[2]).decode("ascii").lower()
    try:
        text = _decoded(data, encoding, "strict")
    except (LookupError, UnicodeDecodeError):
        return None
    return DecodedFile(text, encoding)


def _guessed(data: bytes, guess: Guess) -> DecodedFile:
    text = _decoded(data, guess.encoding)
    return DecodedFile(
        text,
        guess.encoding,
        replaced=text.count("\ufffd"),
        guessed=True,
        confidence=guess.confidence,
    )


def _decoded(data: bytes, encoding: str, errors: str = "replace") -> str:
    text = data.decode(encoding, errors)
    return unicodedata.normalize("NFC", text) if encoding == _COMBINING else text


def _read(data: bytes, codec: str, name: str) -> DecodedFile:
    text = data.decode(codec, "replace")
    replaced = 0
    if "\ufffd" in text:
        own = data.decode(codec, "ignore").count("\ufffd")
        replaced = text.count("\ufffd") - own
    return DecodedFile(text, name, replaced=replaced)


def _escaped(data: bytes, language: Language | None) -> DecodedFile | None:
    """Decode a file of ASCII bytes whose escape sequences write other characters."""
    if not data.isascii() or not any(escape in data for escape in _ESCAPES):
        return None
    for name, encodings in ESCAPED.items():
        for encoding in encodings:
            if encoding == "hz" and (data.count(b"~{") != data.count(b"~}") or not _is(language)):
                continue
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            if not text.isascii() and (language is None or name == language.family):
                return DecodedFile(text, encoding, guessed=True)
    return None


def _is(language: Language | None) -> bool:
    """Whether a language may be Chinese: ``~{`` may stand in a text of any other."""
    return language is None or language.family == "zh"


def _damaged_utf8(data: bytes, language: Language | None) -> DecodedFile:
    """Decode UTF-8 with broken bytes.

    Lines without any valid character beyond ASCII, one after another, come from a file in another
    encoding that was joined to this one; it is guessed from all of them together. Everywhere else
    what is broken is replaced: it was damaged.
    """
    lines = data.splitlines(keepends=True)
    strange = _strange_block(lines)
    other = b"".join(lines[number] for number in strange)
    enough = sum(byte > 0x7F for byte in other) >= _LEAST_STRANGE
    guess = guess_encoding(other, language) if enough else None
    if guess is None or guess.plausibility < _PLAINLY or guess.confidence < SURE:
        return _read(data, "utf-8", "utf-8")
    texts = [
        _decoded(line, guess.encoding) if number in strange else line.decode("utf-8", "replace")
        for number, line in enumerate(lines)
    ]
    text = "".join(texts)
    return DecodedFile(
        text,
        "utf-8",
        replaced=text.count("\ufffd") - data.count(_REPLACEMENT),
        other_lines=sum(not lines[number].isascii() for number in strange),
        other_encoding=guess.encoding,
    )


def _strange_block(lines: Sequence[bytes]) -> range:
    """Return the lines of another encoding; none where they are not all in one place."""
    strange = [number for number, line in enumerate(lines) if _is_strange(line)]
    if not strange:
        return range(0)
    block = range(strange[0], strange[-1] + 1)
    beyond = sum(not lines[number].isascii() for number in block)
    return block if beyond == len(strange) else range(0)


def _is_strange(line: bytes) -> bool:
    """Whether a line has characters beyond ASCII, none of which is UTF-8."""
    return not line.isascii() and line.decode("utf-8", "ignore").isascii()
