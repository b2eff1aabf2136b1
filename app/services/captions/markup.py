"""Taking markup out of a caption's text."""

from __future__ import annotations

import html
import re

_READING = re.compile(r"<(rt|rp)(?:\s[^<>]*)?>[^<]*(?:</\1>)?", re.IGNORECASE)
"""How a ruby text is pronounced: it stands above the text, not in it."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BARE = "b|i|u|s|em|tt|rb|sub|sup|ruby|strong|strike"
_TELLING = "c|v|p|rt|rp|lang|span|font"
_TAG = re.compile(
    rf"</?(?:(?:{_BARE})(?:\.[^<>\s]*)?|(?:{_TELLING})(?:[.\s][^<>]*)?)\s*/?>", re.IGNORECASE
)
"""Only what caption files mark up with, and only as they do: ``a <b and c> d`` is arithmetic."""

_STAMP = re.compile(r"<[0-9]+:[0-9:.,]+>")
_OVERRIDE = re.compile(r"\{(?:\\[^{}]*|[A-Za-z]:[^{}]*)\}")
"""SubStation's ``{\\an8}`` and MicroDVD's ``{y:i}``, which spread into files of other formats."""

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]"
)
"""Controls, soft hyphens, zero-width spaces, embeddings that nobody closes, and code points that
are no characters. The joiners stay: Persian words and emoji are written with them."""

_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")


def plain(text: str) -> str:
    """Return a text without markup, in which only line breaks are left as they are."""
    text = _BREAK.sub("\n", _READING.sub("", text))
    text = _OVERRIDE.sub("", _STAMP.sub("", _TAG.sub("", text)))
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _INVISIBLE.sub("", text)


def spaced(text: str) -> str:
    """Return a text with single spaces; a space at its edge stays, since it parts words."""
    return _SPACES.sub(" ", text)
