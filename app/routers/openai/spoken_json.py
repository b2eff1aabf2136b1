"""JSON that holds sound as Base64, read as it arrives: the sound goes on, the rest is kept.

A body of 27 MB holds 20 MB of sound, and front-ends send ten of them at once; in memory each would
take a hundred. So the text at ``input_audio.data`` is decoded piece by piece.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable

from app.domain.errors import BadRequestError, NamedFieldError
from app.domain.json_text import read_json

SOUND = "input_audio"
_DATA = "data"
FIELD = f"{SOUND}.{_DATA}"

_STRUCTURE = re.compile(rb"[{}\[\]:,]")
_MAX_DEPTH = 64
_MAX_KEY_BYTES = 64
_MAX_PREFIX_BYTES = 200
_PREFIX = b"data:"
_ESCAPE_BYTES = 6
"""The longest escape of JSON is a backslash, u and four digits."""

_SPACES = b" \t\r\n"


class SpokenJson:
    """Splits a body into its sound and what is left of it, whatever the pieces that it comes in.

    Args:
        write: takes the decoded sound, piece by piece.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._sound = Base64Text(write)
        self._kept = bytearray()
        self._parents: list[bytes] = []
        self._text = bytearray()
        self._before = b""
        self._in_text = self._escaped = self._in_sound = self._seen = False

    @property
    def kept_bytes(self) -> int:
        """Bytes that are held in memory."""
        return len(self._kept)

    @property
    def has_sound(self) -> bool:
        """Whether any sound has come."""
        return self._sound.has_bytes

    def write(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            BadRequestError: the sound is no Base64 or comes twice, or the JSON is too deep.
        """
        at = 0
        while at < len(data):
            at = self._text_part(data, at) if self._in_text else self._structure_part(data, at)

    def value(self) -> object:
        """Return the value of the whole body, with an empty text in place of the sound.

        Raises:
            ValueError, RecursionError: it is no JSON.
        """
        return read_json(bytes(self._kept))

    def _structure_part(self, data: bytes, at: int) -> int:
        """Take what is no text; return where the next one begins."""
        quote = data.find(b'"', at)
        end = len(data) if quote < 0 else quote
        for found in _STRUCTURE.finditer(data, at, end):
            self._take_mark(found[0])
        self._kept += data[at : end + 1]
        if quote < 0:
            return end
        self._in_text = True
        key, parents = bytes(self._text), [b"", SOUND.encode()]
        self._in_sound = self._before == b":" and key == _DATA.encode() and self._parents == parents
        if self._in_sound and self._seen:
            raise NamedFieldError(FIELD, "may be there once only")
        self._text.clear()
        return end + 1

    def _take_mark(self, mark: bytes) -> None:
        if mark in b"{[":
            if len(self._parents) == _MAX_DEPTH:
                raise BadRequestError("The JSON is nested too deeply")
            self._parents.append(bytes(self._text) if self._before == b":" else b"")
        elif mark in b"}]" and self._parents:
            self._parents.pop()
        self._before = mark

    def _text_part(self, data: bytes, at: int) -> int:
        """Take a text as far as it is there; return where what follows it begins."""
        end = self._end_of_text(data, at)
        if self._in_sound:
            self._sound.write(data[at:end])
        else:
            self._kept += data[at:end]
            self._text += data[at : min(end, at + _MAX_KEY_BYTES)]
            del self._text[_MAX_KEY_BYTES:]
        if end == len(data):
            return end
        if self._in_sound:
            self._sound.finish()
            self._seen = True
        self._kept += b'"'
        self._in_text = self._in_sound = False
        return end + 1

    def _end_of_text(self, data: bytes, at: int) -> int:
        """Return the place of the quote that ends a text, or the length of the data."""
        at, self._escaped = at + self._escaped, False
        quote = -1
        while True:
            if quote < at:
                found = data.find(b'"', at)
                quote = len(data) if found < 0 else found
            slash = data.find(b"\\", at, quote)
            if slash < 0:
                return quote
            self._escaped = slash + 1 == len(data)
            if self._escaped:
                return len(data)
            at = slash + 2


class Base64Text:
    """Decodes Base64 that is the text of a JSON value, perhaps as a data URL.

    Args:
        write: takes the decoded bytes.

    Attributes:
        has_bytes: whether there were any.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._raw = self._text = b""
        self._is_begun = self._is_padded = self.has_bytes = False

    def write(self, raw: bytes) -> None:
        """Take the next bytes between the quotes.

        Raises:
            NamedFieldError: they are no Base64.
        """
        self._raw += raw
        # An escape may be cut; where there is none, all of it can be decoded.
        slash = self._raw.rfind(b"\\", max(0, len(self._raw) - _ESCAPE_BYTES))
        end = len(self._raw) if slash < 0 else slash
        whole, self._raw = self._raw[:end], self._raw[end:]
        self._take(whole)

    def finish(self) -> None:
        """Decode the rest.

        Raises:
            NamedFieldError: it is no Base64.
        """
        whole, self._raw = self._raw, b""
        self._take(whole)
        self._begin(is_last=True)
        if self._text:
            raise _no_base64()

    def _take(self, raw: bytes) -> None:
        self._text += _unescaped(raw).translate(None, _SPACES)
        if not self._is_begun:
            self._begin(is_last=False)
        if self._is_begun:
            self._decode()

    def _begin(self, *, is_last: bool) -> None:
        """Drop the head of a data URL once it is there."""
        if self._is_begun:
            return
        if self._text.startswith(_PREFIX):
            head, comma, rest = self._text.partition(b",")
            if not comma and not is_last and len(head) <= _MAX_PREFIX_BYTES:
                return
            if not comma:
                raise _no_base64()
            self._text = rest
        elif not is_last and len(self._text) < len(_PREFIX):
            return
        self._is_begun = True
        self._decode()

    def _decode(self) -> None:
        end = len(self._text) - len(self._text) % 4
        block, self._text = self._text[:end], self._text[end:]
        if not block:
            return
        if self._is_padded:
            raise _no_base64()
        try:
            decoded = base64.b64decode(block, validate=True)
        except (binascii.Error, ValueError):
            raise _no_base64() from None
        self._is_padded = block.endswith(b"=")
        self.has_bytes = True
        self._write(decoded)


def _unescaped(raw: bytes) -> bytes:
    """Return the text of JSON without its escapes: encoders write / and + so."""
    if b"\\" not in raw:
        return raw
    try:
        text = json.loads(b'"' + raw + b'"')
    except ValueError:
        raise _no_base64() from None
    return str(text).encode("utf-8", "replace")


def _no_base64() -> NamedFieldError:
    return NamedFieldError(FIELD, "no Base64")
