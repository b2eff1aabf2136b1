"""Tokens of a text, between which a line may break."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.services.layout.width import cluster_width, clusters, text_width

_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")
"""White space at which a line may break: all but the no-break spaces."""

_NO_BREAK_SPACES = "\u00a0\u2007\u202f"

_CUT_BEHIND = frozenset("-‐‑–/\\?&_.,:;")
"""Marks in a word behind which it is cut where it is wider than a line.

Source: Chicago Manual of Style 7.46, breaks of web addresses, without its exceptions.
"""

_UNSPACED_SCRIPTS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x312F),  # radicals, CJK punctuation, kana, bopomofo
    (0x31A0, 0x4DBF),  # kana extensions, ideographs A
    (0x4E00, 0x9FFF),  # ideographs
    (0xF900, 0xFAFF),  # compatibility ideographs
    (0xFF01, 0xFF9F),  # full-width forms, half-width kana
    (0x20000, 0x3FFFF),  # ideographs B and later
)
"""Code points of scripts that write no space between words."""

_NEVER_FIRST = frozenset(
    "、。，．・：；？！」』）】〉》〕］｝〟ーゝゞ々〻ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ"
    "｡､･ｰ｣,.:;?!)]}’”…‥%‰℃ฯๆะาำ"
)
_NEVER_LAST = frozenset("「『（【〈《〔［｛〝｢([{‘“$¥￥€£เแโใไ")
"""Characters that no line begins or ends with.

Source: JIS X 4051 (kinsoku shori), W3C's requirements for Chinese text layout; Thai vowels that
are written before or after their consonant.
"""


@dataclass(frozen=True, slots=True)
class Token:
    """One unbroken piece of text.

    Attributes:
        text: without spaces at which a line could break.
        glued: whether no space separates it from the token before.
        width: in columns.
    """

    text: str
    glued: bool
    width: int

    @property
    def gap(self) -> int:
        """Columns of the space before it."""
        return 0 if self.glued else 1


def tokenize(text: str, max_width: int | None = None) -> list[Token]:
    """Cut text where a line may break.

    Args:
        text: line breaks and runs of spaces count as one space.
        max_width: tokens wider than this are cut where they must be; None cuts none.

    Returns:
        Tokens in order; their texts together are the text without its breakable spaces.
    """
    return [
        Token(piece, glued=index > 0, width=text_width(piece))
        for chunk in split_spaces(text)
        for index, piece in enumerate(_pieces(chunk, max_width))
    ]


def split_spaces(text: str) -> list[str]:
    """Return the parts of a text between its breakable spaces."""
    return [part for part in _SPACES.split(text) if part]


def join_texts(texts: Sequence[str]) -> str:
    """Join texts with spaces, except between two of a script that writes none."""
    return texts[0] + "".join(space_between(a, b) + b for a, b in pairwise(texts))


def is_unspaced(char: str) -> bool:
    """Whether a character belongs to a script that writes no space between words."""
    code = ord(char)
    return code >= 0x0E00 and any(low <= code <= high for low, high in _UNSPACED_SCRIPTS)


def space_between(before: str, after: str) -> str:
    """Return what stands between two words: a space, or nothing in a script that writes none."""
    is_glued = is_unspaced(before[-1:] or " ") and is_unspaced(after[:1] or " ")
    return "" if is_glued else " "


def _pieces(chunk: str, max_width: int | None) -> Iterator[str]:
    for piece in [chunk] if chunk.isascii() else _between_characters(chunk):
        if max_width is None or text_width(piece) <= max_width:
            yield piece
        else:
            yield from cut_text(piece, max_width)


def _between_characters(chunk: str) -> Iterator[str]:
    current = ""
    for cluster in clusters(chunk):
        if current and may_part(current[-1], cluster[0]):
            yield current
            current = ""
        current += cluster
    if current:
        yield current


def may_part(before: str, after: str) -> bool:
    """Whether a line may break between two characters without a space between them."""
    if before in _NEVER_LAST or after in _NEVER_FIRST:
        return False
    if unicodedata.category(after) in ("Cf", "Mn", "Me", "Mc"):
        return False
    return before == "—" or is_unspaced(before) or is_unspaced(after)


def cut_text(piece: str, max_width: int) -> Iterator[str]:
    """Yield the pieces of a text, each as wide as it may be.

    No-break spaces give way first, then the hyphens of long compounds and the marks of addresses,
    where they leave at least half a piece.
    """
    current, width = "", 0
    for cluster in clusters(piece):
        columns = cluster_width(cluster)
        if current and width + columns > max_width:
            at = _cut_of(current, max_width)
            yield current[:at]
            current = current[at:]
            width = text_width(current)
        current += cluster
        width += columns
    yield current


def _cut_of(text: str, max_width: int) -> int:
    """Return where a text that is too wide with what follows is cut."""
    if at := 1 + max(map(text.rfind, _NO_BREAK_SPACES)):
        return at
    place = best = 0
    for cluster in clusters(text):
        place += len(cluster)
        best = place if cluster in _CUT_BEHIND else best
    return best if 2 * text_width(text[:best]) >= max_width else len(text)
