"""Which caption format a file is in, as its content tells."""

from __future__ import annotations

import re
from pathlib import PurePath

from app.services.captions.encoding import decode_text
from app.services.captions.readers.timestamps import TIMING_LINE

LOOKED_AT = 2**16
"""Bytes or characters of a file that tell its format."""

_TTML = re.compile(r"<(?:[A-Za-z0-9_]+:)?tt[\s>]")
_YOUTUBE = re.compile(r"<(?:timedtext|transcript)[\s>]")
_JSON = re.compile(r'[\[{]\s*(?:[\[{]\s*)?"')
_SCRIPT = re.compile(r"\A\[Script Info\]|^\[V4\+? Styles\]", re.MULTILINE | re.IGNORECASE)

NAMES = frozenset(
    {"srt", "vtt", "ttml", "dfxp", "json3", "srv1", "srv2", "srv3", "ass", "ssa", "json", "xml"}
    | {"txt", ""}
)
"""How the name of a file may end that holds captions."""


def sniff(text: str) -> str | None:
    """Return the name of the format that a text begins like; None for no captions."""
    head = text[:LOOKED_AT].lstrip("\ufeff \t\r\n\0")
    if head.startswith("WEBVTT"):
        return "vtt"
    if head.startswith("<"):
        return "srv3" if _YOUTUBE.search(head) else "ttml" if _TTML.search(head) else None
    if _SCRIPT.search(head):
        return "ass"
    if _JSON.match(head):
        return "json3"
    if any("-->" in line and TIMING_LINE.fullmatch(line) for line in head.splitlines()):
        return "srt"
    return None


def is_caption_file(name: str, head: bytes) -> bool:
    """Whether a file that somebody sends holds captions rather than media.

    Args:
        name: the sender's name for it; media by its name is media.
        head: its first bytes, at least those of the first few captions.
    """
    ending = PurePath(name).suffix.lower().removeprefix(".")
    return ending in NAMES and sniff(decode_text(head)) is not None
