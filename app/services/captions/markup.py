"""Markup within the text of a caption: tags, overrides, entities."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from app.domain.style import PLAIN, InlineStyle, Placement
from app.services.captions.colours import parse_colour
from app.services.captions.overrides import OverrideState, read_overrides
from app.services.captions.raw_captions import DEFAULT_FRAME_PX, TextRun

_BARE_TAGS = "b|i|u|s|em|tt|rb|sub|sup|ruby|strong|strike|del"
_TAGS_WITH_ATTRIBUTES = "c|v|p|rt|rp|lang|span|font"
_TOKEN = re.compile(
    # The pronunciation of a ruby text, which is shown above the text and is no part of it.
    r"(?P<ruby><(?P<reading>rt|rp)(?:\s[^<>]*)?>[^<]*(?:</(?P=reading)>)?)"
    r"|(?P<br><br\s*/?>)"
    # The tags of caption files alone, as those write them: ``a <b and c> d`` is arithmetic.
    rf"|(?P<tag><(?P<close>/?)(?:(?P<bare>{_BARE_TAGS})(?P<bare_classes>\.[^<>\s]*)?"
    rf"|(?P<name>{_TAGS_WITH_ATTRIBUTES})(?P<rest>[.\s][^<>]*+)?)\s*/?>)"
    r"|(?P<stamp><[0-9]+:[0-9:.,]+>)"
    # SubStation's ``{\an8}`` and MicroDVD's ``{y:i}``, also in files of other formats.
    r"|\{(?P<override>\\[^{}]*|[A-Za-z]:[^{}]*|/?[ibus])\}"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
    r"|(?P<newline>\r\n?|\n)",
    re.IGNORECASE,
)

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]"
)
"""Controls, soft hyphens, zero-width spaces, directional embeddings (often unclosed) and
noncharacters. The joiners stay: Persian words and emoji are written with them."""

_STYLES_OF_TAGS: Mapping[str, InlineStyle] = {
    "i": InlineStyle(italic=True),
    "em": InlineStyle(italic=True),
    "b": InlineStyle(bold=True),
    "strong": InlineStyle(bold=True),
    "u": InlineStyle(underline=True),
    "s": InlineStyle(strikeout=True),
    "strike": InlineStyle(strikeout=True),
    "del": InlineStyle(strikeout=True),
}
_CLASS_COLOURS = ("white", "lime", "cyan", "red", "yellow", "magenta", "blue", "black")
_STYLES_OF_CLASSES: Mapping[str, InlineStyle] = {
    f".{name}": InlineStyle(colour=parse_colour(name)) for name in _CLASS_COLOURS
}
"""Source: W3C WebVTT, section 5.1 (default text colours)."""

_FONT_COLOUR = re.compile(r"color\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.IGNORECASE)
_STYLE_ATTRIBUTE = re.compile(r"style\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)

_DEEPEST = 32
"""Open tags whose styles are looked at: more than any caption has."""


@dataclass(frozen=True, slots=True)
class StyledPiece:
    """A piece of a caption's text without markup.

    Attributes:
        text: a line break ends a line; no other markup is left.
        start_ms: when it is spoken; None where the file has no time for it.
        voice: speaker by the voice tag that it stands in; empty outside of one.
    """

    text: str
    start_ms: int | None
    style: InlineStyle
    voice: str = ""


@dataclass(frozen=True, slots=True)
class _OpenTag:
    name: str
    style: InlineStyle
    voice: str = ""


class MarkupReader:
    """Reads the markup of one caption.

    Args:
        styles: of the file, by tag (``i``), class (``.loud``) or voice (``v[Anna]``); an empty key
            for the style of all text.
        frame_px: width and height of the picture that positions in overrides are measured on.
    """

    def __init__(self, styles: Mapping[str, InlineStyle], frame_px: tuple[int, int]) -> None:
        self._styles = styles
        self._frame_px = frame_px
        self._open: list[_OpenTag] = []
        self._overrides = OverrideState()

    def read(self, run: TextRun) -> Iterator[StyledPiece]:
        """Yield the pieces of the next run; tags may stay open from one run to the next."""
        place = 0
        for match in _TOKEN.finditer(run.text):
            yield from self._piece(run, run.text[place : match.start()])
            yield from self._piece(run, self._act_on(match))
            place = match.end()
        yield from self._piece(run, run.text[place:])

    def placement(self, base: Placement | None) -> Placement | None:
        """Return where the caption stands, by what was read and by its settings."""
        return self._overrides.placement(base)

    def _piece(self, run: TextRun, text: str) -> Iterator[StyledPiece]:
        text = _INVISIBLE.sub("", text)
        if text:
            voice = next((tag.voice for tag in reversed(self._open) if tag.voice), "")
            yield StyledPiece(text, run.start_ms, self._style(run), voice)

    def _style(self, run: TextRun) -> InlineStyle:
        style = self._overrides.applied_to(run.style.over(self._styles.get("", PLAIN)))
        for tag in self._open:
            style = tag.style.over(style)
        return style

    def _act_on(self, match: re.Match[str]) -> str:
        """Take a token; return the text that it stands for."""
        if match["br"] or match["newline"]:
            self._overrides.end_line()
            return "\n"
        if match["entity"]:
            return html.unescape(match["entity"]).replace("\r", "\n")
        if match["override"]:
            read_overrides(match["override"], self._overrides, self._styles, self._frame_px)
        elif match["tag"]:
            self._tag(match)
        return ""

    def _tag(self, match: re.Match[str]) -> None:
        name = (match["bare"] or match["name"]).lower()
        if match["close"]:
            self._close(name)
        elif len(self._open) < _DEEPEST:
            rest = match["bare_classes"] or match["rest"] or ""
            voice = html.unescape(rest.partition(" ")[2].strip()) if name == "v" else ""
            self._open.append(_OpenTag(name, self._style_of(name, rest, voice), voice))

    def _close(self, name: str) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index].name == name:
                del self._open[index]
                return

    def _style_of(self, name: str, rest: str, voice: str) -> InlineStyle:
        style = _STYLES_OF_TAGS.get(name, PLAIN)
        for key in _keys(name, rest, voice):
            style = self._styles.get(key, _STYLES_OF_CLASSES.get(key, PLAIN)).over(style)
        if name == "font" and (found := _FONT_COLOUR.search(rest)):
            style = replace(style, colour=parse_colour(found[1]))
        if name in ("span", "p") and (found := _STYLE_ATTRIBUTE.search(rest)):
            style = parse_declarations(found[1] or found[2] or "").over(style)
        return style


def _keys(name: str, rest: str, voice: str) -> Iterator[str]:
    """Yield what a file's styles may call a tag, the most general first."""
    yield name
    if rest.startswith("."):
        for each in rest.split(None, 1)[0].split(".")[1:]:
            yield f".{each}"
            yield f"{name}.{each}"
    if voice:
        yield f"v[{voice}]"


def parse_declarations(text: str) -> InlineStyle:
    """Return the style that CSS declarations give a text: ``color: red; font-weight: bold``."""
    pairs = (part.partition(":") for part in text.lower().split(";"))
    values = {name.strip(): value.strip().removesuffix("!important") for name, _, value in pairs}
    weight = values.get("font-weight", "").strip()
    decoration = values.get("text-decoration", "") + values.get("text-decoration-line", "")
    return InlineStyle(
        italic=values.get("font-style", "").startswith(("italic", "oblique")),
        bold=weight in ("bold", "bolder") or weight in ("600", "700", "800", "900"),
        underline="underline" in decoration,
        strikeout="line-through" in decoration,
        colour=parse_colour(values.get("color", "")),
    )


_LITERAL = str.maketrans({"&": "&amp;", "<": "&lt;", "{": "&#123;"})


def literal_markup(text: str) -> str:
    """Return a text of a format without markup so that it is read as it stands."""
    return text.translate(_LITERAL)


def strip_markup(text: str) -> str:
    """Return a text without markup; only its line breaks are preserved."""
    reader = MarkupReader({}, DEFAULT_FRAME_PX)
    return "".join(piece.text for piece in reader.read(TextRun(text)))
