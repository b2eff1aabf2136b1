"""Fences around untrusted text in prompts: JSON that cannot close its tag."""

from __future__ import annotations

import json

_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
"""No text can close the fence around it. Source: the characters that the HTML standard has
escaped in JSON within a script element."""


def fenced(tag: str, document: object) -> str:
    """Return a document between ``<tag>`` and ``</tag>``."""
    text = json.dumps(document, ensure_ascii=False).translate(_ESCAPES)
    return f"<{tag}>\n{text}\n</{tag}>"


def clean(text: str) -> str:
    """Return text that can be sent: half of a surrogate pair cannot."""
    return text.encode("utf-8", "replace").decode()


def clipped(text: str, limit: int) -> str:
    """Return the beginning of a text in one paragraph, cut between words where there are any."""
    whole = " ".join(clean(text).split())
    if len(whole) <= limit:
        return whole
    cut = whole[: limit + 1].rpartition(" ")[0] or whole[:limit]
    return f"{cut}…"
