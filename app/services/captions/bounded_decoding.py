"""Decoding of a stranger's file where it delays nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from app.domain.language import Language
from app.services.captions.decoded_file import DecodedFile
from app.services.captions.encoding import decode_file
from app.system.bounded_work import work_on

PIECE_CHARS = 2**14


async def decode_bounded(data: bytes, language: Language | None = None) -> DecodedFile:
    """Decode a file; see `decode_file`. What is UTF-8 takes no guess, and thus no process.

    Raises:
        TooMuchWorkError: guessing its encoding takes more memory or time than it may.
    """
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        found = await work_on(_decoded, pieces(data), language, chars=len(data))
        return replace(cast("DecodedFile", found[0]), text="".join(cast("list[str]", found[1:])))
    return decode_file(data, language)


def _decoded(parts: list[bytes], language: Language | None) -> Iterator[DecodedFile | str]:
    """Yield the file without its text, then that in pieces."""
    found = decode_file(b"".join(parts), language)
    yield replace(found, text="")
    yield from text_pieces(found.text)


def pieces(data: bytes) -> list[bytes]:
    """Return bytes in pieces that are packed one by one; at least one."""
    return [data[at : at + PIECE_CHARS] for at in range(0, len(data) or 1, PIECE_CHARS)]


def text_pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that are packed one by one."""
    for at in range(0, len(text), PIECE_CHARS):
        yield text[at : at + PIECE_CHARS]
