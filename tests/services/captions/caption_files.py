"""Short ways to read and show captions."""

from __future__ import annotations

from textwrap import dedent

from app.domain.captions import CaptionKind, Captions
from app.services.captions.parse import parse_captions


def read(
    text: str | bytes,
    format_name: str | None = None,
    kind: CaptionKind = "manual",
    language: str = "en",
) -> Captions:
    """Parse a caption file; its text may be indented."""
    data = text if isinstance(text, bytes) else dedent(text).encode()
    return parse_captions(data, format_name, language, kind)


def rows(captions: Captions) -> list[str]:
    """Return captions as ``start-end text``."""
    return [f"{c.span.start_ms}-{c.span.end_ms} {c.text}" for c in captions.items]


def words(captions: Captions) -> list[str]:
    """Return all words as ``start word``, or ``start +word`` for one that is glued."""
    return [
        f"{word.span.start_ms} {'+' * word.glued}{word.text}"
        for caption in captions.items
        for word in caption.words
    ]
