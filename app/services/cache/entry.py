"""One stored entry: a header that proves the rest.

The first line is ``cuestream-1 <form> <checksum>``; what follows is the payload, packed with
zlib where the form is ``z``. The checksum covers stage, key, form and what follows, so that a
file that was cut, altered, or put in another's place does not pass for an entry.
"""

from __future__ import annotations

import hashlib
import zlib

_MAGIC = b"cuestream-1"
_PLAIN, _PACKED = b"p", b"z"
_LEAST_PACKED_BYTES = 512
"""Anything smaller takes one block of the disk in any case."""


def seal(stage: str, key: str, payload: bytes) -> bytes:
    """Return the file's content for a payload."""
    form, body = _PLAIN, payload
    if len(payload) >= _LEAST_PACKED_BYTES:
        packed = zlib.compress(payload)
        if len(packed) < len(payload):
            form, body = _PACKED, packed
    return b"%b %b %b\n%b" % (_MAGIC, form, _checksum(stage, key, form, body), body)


def unseal(stage: str, key: str, content: bytes) -> bytes | None:
    """Return the payload; None where the content is not exactly what was stored."""
    header, _, body = content.partition(b"\n")
    match header.split(b" "):
        case [magic, form, checksum] if magic == _MAGIC and checksum == _checksum(
            stage, key, form, body
        ):
            return zlib.decompress(body) if form == _PACKED else body
    return None


def _checksum(stage: str, key: str, form: bytes, body: bytes) -> bytes:
    digest = hashlib.blake2b(b"%b\0%b\0%b\0" % (stage.encode(), key.encode(), form), digest_size=20)
    digest.update(body)
    return digest.hexdigest().encode()
