"""Readers of broadcasters' files that share no code with the writers."""

from __future__ import annotations

import io
from fractions import Fraction

import ttconv.model
import ttconv.scc.reader
import ttconv.stl.reader
import ttconv.style_properties as styles
from subtitle_readers import ReadCue


def read_scc(file: str) -> list[ReadCue]:
    """What ttconv makes of SCC; its pieces of a row are joined as it places them."""
    document = ttconv.scc.reader.to_model(file)
    return [_cue(p) for p in _paragraphs(document)]


def read_stl(data: bytes) -> list[ReadCue]:
    """What ttconv makes of EBU STL."""
    document = ttconv.stl.reader.to_model(io.BytesIO(data))
    return [_cue(p) for p in _paragraphs(document)]


def looks(document_of: list[ttconv.model.P]) -> list[set[str]]:
    """Return the looks of paragraphs' spans: italic, underline, colours."""
    return [set(_looks(p)) for p in document_of]


def stl_paragraphs(data: bytes) -> list[ttconv.model.P]:
    return _paragraphs(ttconv.stl.reader.to_model(io.BytesIO(data)))


def scc_paragraphs(file: str) -> list[ttconv.model.P]:
    return _paragraphs(ttconv.scc.reader.to_model(file))


def _looks(paragraph: ttconv.model.P) -> list[str]:
    found = []
    for node in paragraph.dfs_iterator():
        if isinstance(node, ttconv.model.Span):
            slant = node.get_style(styles.StyleProperties.FontStyle)
            colour = node.get_style(styles.StyleProperties.Color)
            if slant is styles.FontStyleType.italic:
                found.append("italic")
            if colour is not None:
                red, green, blue, _ = colour.components
                found.append(f"#{red:02x}{green:02x}{blue:02x}")
    return found


def _paragraphs(document: ttconv.model.ContentDocument) -> list[ttconv.model.P]:
    body = document.get_body()
    return [node for node in body.dfs_iterator() if isinstance(node, ttconv.model.P)]


def _cue(paragraph: ttconv.model.P) -> ReadCue:
    lines = [""]
    for node in paragraph.dfs_iterator():
        if isinstance(node, ttconv.model.Br):
            lines.append("")
        elif isinstance(node, ttconv.model.Text):
            lines[-1] += node.get_text()
    text = "\n".join(" ".join(line.split()) for line in lines)
    return ReadCue(_ms(paragraph.get_begin()), _ms(paragraph.get_end()), text)


def _ms(seconds: Fraction | None) -> int:
    return round((seconds or Fraction(0)) * 1000)
