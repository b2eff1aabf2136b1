"""Tags that carry the style of a part of a line through a language model.

A model is trusted with nothing: what it returns is text, and its tags count only where they are
the ones that were sent, each once, closed and around something. No tag of ours stays in a text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.domain.style import PLAIN, InlineStyle, Runs, ink_runs, pieces_of

_TAG = re.compile(r"(?:<|&lt;)(/?)(i|b|u|s|c[1-9][0-9]?)(?:>|&gt;)", re.IGNORECASE)
_NAMES = {
    InlineStyle(italic=True): "i",
    InlineStyle(bold=True): "b",
    InlineStyle(underline=True): "u",
    InlineStyle(strikeout=True): "s",
}
"""Tags that every model has seen; other styles have numbered ones."""

_MOST_STYLES = 99


@dataclass(frozen=True, slots=True)
class TaggedText:
    """A text with tags around its styled parts.

    Attributes:
        text: as it is sent; the plain text where it has no styled parts.
        styles: by the name of the tag.
        counts: how often each tag was sent.
    """

    text: str
    styles: Mapping[str, InlineStyle] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def added_chars(self) -> int:
        """Characters of the tags."""
        return sum(count * (2 * len(name) + len("<></>")) for name, count in self.counts.items())


def tagged(text: str, runs: Runs) -> TaggedText:
    """Return a text with tags for its runs; without any where it holds such tags already."""
    if not runs or _TAG.search(text):
        return TaggedText(text)
    names = _names(runs)
    if len(names) > _MOST_STYLES:
        return TaggedText(text)
    pieces = pieces_of(text, runs)
    written = "".join(
        piece if style == PLAIN else f"<{names[style]}>{piece}</{names[style]}>"
        for piece, style in pieces
    )
    counts = Counter(names[style] for _, style in pieces if style != PLAIN)
    return TaggedText(written, {name: style for style, name in names.items()}, counts)


def untagged(answer: str, sent: TaggedText) -> tuple[str, Runs | None]:
    """Return an answer without tags, and its runs; None for them where the tags are not as sent."""
    if not sent.styles:
        return answer, ()
    parts = list(_parts(answer))
    plain = "".join(text for text, _ in parts)
    opened = Counter(match[2].lower() for match in _TAG.finditer(answer) if not match[1])
    filled = all(text.strip() for text, name in parts if name)
    if opened != Counter(sent.counts) or not _is_well_formed(answer) or not filled:
        return _tidy(plain), None
    runs = ink_runs((text, sent.styles.get(name, PLAIN)) for text, name in parts)
    return _tidy(plain), runs


def _names(runs: Runs) -> dict[InlineStyle, str]:
    names: dict[InlineStyle, str] = {}
    for run in runs:
        if run.style not in names:
            numbered = sum(name.startswith("c") for name in names.values())
            names[run.style] = _NAMES.get(run.style, f"c{numbered + 1}")
    return names


def _parts(answer: str) -> Iterator[tuple[str, str]]:
    """Yield the texts between tags, each with the name of the tag that it stands in."""
    place, name = 0, ""
    for match in _TAG.finditer(answer):
        yield answer[place : match.start()], name
        place, name = match.end(), "" if match[1] else match[2].lower()
    yield answer[place:], name


def _is_well_formed(answer: str) -> bool:
    """Whether every tag is closed before the next one opens."""
    open_name = ""
    for match in _TAG.finditer(answer):
        if bool(match[1]) != (match[2].lower() == open_name and open_name != ""):
            return False
        if not match[1] and open_name:
            return False
        open_name = "" if match[1] else match[2].lower()
    return open_name == ""


def _tidy(text: str) -> str:
    """Return a text without the doubled spaces that tags leave."""
    return "\n".join(re.sub(" {2,}", " ", line).strip() for line in text.split("\n"))
