"""Looks of WebVTT: settings of cues, regions, style sheets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from app.domain.style import PLAIN, InlineStyle, Placement, Side, Writing, placed
from app.services.captions.markup import parse_declarations

_PERCENTAGE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%")
_ROW = re.compile(r"(-?[0-9]{1,4})(?:\.[0-9]{1,9})?")
_SIDES: Mapping[str, Side] = {
    "start": "left", "left": "left", "line-left": "left",
    "center": "center", "middle": "center",
    "end": "right", "right": "right", "line-right": "right",
}  # fmt: skip
_COLUMNS = {"left": 0, "center": 1, "right": 2}
_LINE_ALIGN = {"start": 2, "center": 1, "middle": 1, "end": 0}
_WRITINGS: Mapping[str, Writing] = {"rl": "vertical-rl", "lr": "vertical-lr"}
_OPPOSITE: Mapping[Side, Side] = {"left": "right", "center": "center", "right": "left"}

_SELECTOR = re.compile(r"::cue(?:\(([^()]*)\))?")
_CLASSES = re.compile(r"(?:[a-z]{1,6})?(?:\.[^.\s\[]{1,64}){1,4}")
_VOICE = re.compile(r"v?\[voice *+=([^\]]{1,80})\]")
_QUOTES = "\"'"
_MOST_RULES = 1000
"""More than any file has; each tag is looked up among them."""


def vtt_blocks(lines: Sequence[str], kind: str) -> Iterator[list[str]]:
    """Yield the lines of each block that begins with a word, ``STYLE`` or ``REGION``."""
    block: list[str] | None = None
    for line in lines:
        if not line.strip():
            if block is not None:
                yield block
            block = None
        elif block is not None:
            block.append(line)
        elif line.rstrip() == kind or line.startswith(f"{kind} "):
            block = [line[len(kind) :]]
    if block is not None:
        yield block


def vtt_styles(lines: Sequence[str]) -> dict[str, InlineStyle]:
    """Return the styles of a file's style sheets by the keys of `RawTrack.styles`.

    Selectors of ids, of times and of languages are left out: they depend on what no cue keeps.

    Source: W3C WebVTT, section 8.2.1 (the ``::cue`` pseudo-element).
    """
    styles: dict[str, InlineStyle] = {}
    for block in vtt_blocks(lines, "STYLE"):
        for selectors, declarations in _rules(_without_comments("\n".join(block))):
            style = parse_declarations(declarations)
            for selector in selectors.split(","):
                key = _key(selector.strip())
                if key is not None and style != PLAIN and len(styles) < _MOST_RULES:
                    styles[key] = style.over(styles.get(key, PLAIN))
    everywhere = styles.get("")
    if everywhere is not None and everywhere.colour == "#ffffff":
        styles[""] = replace(everywhere, colour=None)  # the colour that captions have anyway
    return styles


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """Yield the selectors and declarations of each rule."""
    for part in text.split("}"):
        selectors, brace, declarations = part.rpartition("{")
        if brace:
            yield selectors.rpartition("{")[2], declarations


def _without_comments(text: str) -> str:
    first, *others = text.split("/*")
    return first + "".join(part.partition("*/")[2] for part in others)


def _key(selector: str) -> str | None:
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        return None
    inner = (match[1] or "").strip()
    if inner in ("", "c", "i", "b", "u", "v", "ruby", "lang"):
        return inner
    if voice := _VOICE.fullmatch(inner):
        return f"v[{voice[1].strip().strip(_QUOTES)}]"
    if not _CLASSES.fullmatch(inner):
        return None
    # Of several classes the last one is taken: ``.a.b`` narrows ``.b``.
    return inner if inner.count(".") == 1 else f".{inner.rpartition('.')[2]}"


def vtt_regions(lines: Sequence[str]) -> dict[str, Placement]:
    """Return where a file's regions stand, by their ids.

    Source: W3C WebVTT, sections 3.4 (defaults) and 6.2 (region settings).
    """
    regions: dict[str, Placement] = {}
    for block in vtt_blocks(lines, "REGION"):
        values = _settings(" ".join(block).replace("=", ":"))
        if key := values.get("id"):
            regions[key] = _region(values)
    return regions


def _region(values: Mapping[str, str]) -> Placement:
    width = _share(values.get("width")) or 1.0
    anchor_x, anchor_y = _pair(values.get("regionanchor"), (0.0, 1.0))
    view_x, view_y = _pair(values.get("viewportanchor"), (0.0, 1.0))
    centre_x = view_x + (0.5 - anchor_x) * width
    row = 2 if anchor_y < 1 / 3 else 0 if anchor_y > 2 / 3 else 1
    return Placement(2 + 3 * row, _clamped(centre_x), _clamped(view_y), width)


def vtt_placement(
    settings: str, regions: Mapping[str, Placement], text: str = ""
) -> Placement | None:
    """Return where a cue's settings place it; None for the usual place.

    Args:
        settings: what stands behind the times: ``line:10% position:20% align:left``.
        regions: of the file.
        text: of the cue; ``start`` is its right side where it is written from right to left.

    Source: W3C WebVTT, sections 3.1 (cue boxes) and 6.3 (settings).
    """
    values = _settings(settings)
    writing = _WRITINGS.get(values.get("vertical", ""), "horizontal")
    region = regions.get(values.get("region", ""))
    if region is not None and writing == "horizontal" and "line" not in values:
        return placed(_in_region(region, values, text))
    align = _align(values, text)
    line, _, line_align = values.get("line", "").partition(",")
    position, _, position_align = values.get("position", "").partition(",")
    x = _share(position)
    side = _SIDES.get(position_align, align)
    if writing != "horizontal":
        return Placement(
            2, x, _share(line), _share(values.get("size")), align=align, writing=writing
        )
    y, row = _share(line), _row(line)
    edge = _LINE_ALIGN.get(line_align, 2) if y is not None else 0
    if row is not None:
        edge, row = (2 if row >= 0 else 0), (None if row in (0, -1) else row)
    anchor = 1 + _COLUMNS[side] + 3 * edge
    size = _share(values.get("size"))
    own_align = None if align == side else align
    found = Placement(anchor, x, y, None if size == 1 else size, row, own_align)
    if found.horizontal == "center" and found.x == 0.5:
        found = replace(found, x=None)
    return placed(found)


def _in_region(region: Placement, values: Mapping[str, str], text: str) -> Placement:
    side = _align(values, text)
    return replace(region, align=None if side == "center" else side)


def _align(values: Mapping[str, str], text: str) -> Side:
    named = values.get("align", "center")
    side = _SIDES.get(named, "center")
    return _OPPOSITE[side] if named in ("start", "end") and _begins_right_to_left(text) else side


def _begins_right_to_left(text: str) -> bool:
    directions = (unicodedata.bidirectional(char) for char in text)
    return next((each for each in directions if each in ("L", "R", "AL")), "L") != "L"


def _settings(text: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in text.split())
    return {name.lower(): value for name, separator, value in pairs if separator and value}


def _share(text: str | None) -> float | None:
    match = _PERCENTAGE.fullmatch(text or "")
    return None if match is None else _clamped(float(match[1]) / 100)


def _row(text: str) -> int | None:
    match = _ROW.fullmatch(text)
    return None if match is None else int(match[1])


def _pair(text: str | None, default: tuple[float, float]) -> tuple[float, float]:
    x, _, y = (text or "").partition(",")
    found = _share(x), _share(y)
    return default if found[0] is None or found[1] is None else (found[0], found[1])


def _clamped(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
