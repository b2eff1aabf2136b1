"""Display width of text, in units of half an East Asian wide character."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_WIDE = frozenset("WF")
_JOINER = "\u200d"


def text_width(text: str) -> int:
    """Return how many columns a text takes: 1 for ``a``, 2 for ``字``, 0 for a combining mark.

    Source: Unicode Standard Annex 11 (East Asian Width).
    """
    if text.isascii():
        return len(text)
    return sum(cluster_width(cluster) for cluster in clusters(text))


def cluster_width(cluster: str) -> int:
    """Return the columns of one cluster; an emoji sequence is drawn as one wide picture."""
    if cluster.isascii():  # control characters too, as in a text that is ASCII alone
        return len(cluster)
    return min(2, sum(map(_char_width, cluster)))


def clusters(text: str) -> Iterator[str]:
    """Yield the grapheme clusters of a text, so that no line break cuts through one.

    Combining marks, variation selectors, skin tones and characters after a zero-width joiner stay
    with the character before them; two regional indicators make one flag.

    Source: Unicode Standard Annex 29, reduced to the rules that break lines visibly.
    """
    current = ""
    for char in text:
        if current and not _continues(current, char):
            yield current
            current = ""
        current += char
    if current:
        yield current


def _continues(cluster: str, char: str) -> bool:
    if cluster[-1] == _JOINER or _is_attached(char):
        return True
    return _is_regional(char) and len(cluster) == 1 and _is_regional(cluster)


def _is_attached(char: str) -> bool:
    if char.isascii():
        return False
    return (
        char == _JOINER
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or unicodedata.category(char) in ("Mn", "Me", "Mc")
    )


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in _WIDE else 1
