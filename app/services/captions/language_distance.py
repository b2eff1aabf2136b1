"""How near a track's language is to the one that is wanted."""

from __future__ import annotations

from app.domain.errors import InvalidLanguageError
from app.domain.language import Language

FAR = 3
"""Another language, or the same in another script."""


def nearness(tag: str, wanted: Language) -> int:
    """Return 0 for the very tag, 1 for the bare language, 2 for another region, else ``FAR``.

    ``pt`` is nearer to ``pt-BR`` than ``pt-PT`` is; ``zh-TW`` is far from ``zh-CN``, since it
    is written differently.
    """
    if tag == wanted.tag:
        return 0
    other = _read(tag)
    if other is None or not other.same_language(wanted):
        return FAR
    return 1 if tag == other.base else 2


def same_base(tag: str, wanted: Language) -> bool:
    """Whether a track is in the language at least, in whatever script."""
    other = _read(tag)
    return other is not None and other.base == wanted.base


def _read(tag: str) -> Language | None:
    """Return the language of a track; sites append names of their own (``en-nP7-2PuUl7o``)."""
    for text in (tag, tag.partition("-")[0]):
        try:
            return Language.parse(text)
        except InvalidLanguageError:
            continue
    return None
