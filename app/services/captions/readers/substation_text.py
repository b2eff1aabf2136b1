r"""Text of SubStation events: what is shown, and how its overrides (``{\...}``) show it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DRAWING = re.compile(r"\\p([0-9]{1,2})|\\r")
"""Switches drawing on or off; a reset switches it off."""

_KARAOKE = re.compile(r"\\(?:k[fot]?|K)[0-9]")
_PLACE = re.compile(r"\\(?:pos|move)\(\s{0,8}(-?[0-9.]{1,12})\s{0,8},\s{0,8}(-?[0-9.]{1,12})")
_ALIGNMENT = re.compile(r"\\an([1-9])")
_OLD_ALIGNMENT = re.compile(r"\\a([0-9]{1,2})")
_TYPESETTING = re.compile(
    r"\\(?:fr[xyz]?-?[0-9]|fa[xy]|fn|blur|be[0-9]|bord|shad|[1234]?c&|[1234]?a&|alpha|fsc[xy]|i?clip|t\(|org)"
)
"""Overrides that dress a text up as a part of the picture."""

_RESET = re.compile(r"\\r([^\\}]{1,64})")


@dataclass(frozen=True, slots=True)
class EventText:
    r"""What an event shows.

    Attributes:
        plain: without overrides, remarks and drawings; line breaks are ``\n``.
        marked: the same with its overrides.
        drawings: parts that are drawn.
        remarks: parts in braces that are no overrides, which no player shows.
        place: x and y of ``\pos`` or of where ``\move`` begins; None where the style decides.
        alignment: of ``\an`` or ``\a``; None where the style decides.
        old_alignment: of ``\a``, numbered as in ``[V4 Styles]``.
        is_karaoke: whether syllables are timed.
        is_typeset: whether overrides dress it up.
    """

    plain: str
    marked: str
    drawings: int = 0
    remarks: int = 0
    place: tuple[float, float] | None = None
    alignment: int | None = None
    old_alignment: int | None = None
    is_karaoke: bool = False
    is_typeset: bool = False


def read_text(text: str) -> EventText:
    r"""Return what an event's text field shows.

    Source: libass, ``ass_parse.c``: ``\{`` and ``\}`` are braces of the text.
    """
    drawings, drawing = 0, False
    parts = list(between_braces(text))
    plain: list[str] = []
    overrides = [part for part in parts[1::2] if "\\" in part]
    for index, part in enumerate(parts):
        if index % 2:
            drawing = _draws(part, drawing=drawing)
            parts[index] = _kept(part)
        elif drawing:
            drawings += 1 if part.strip() else 0
            parts[index] = ""
        else:
            plain.append(plain_breaks(part).replace("\\{", "{").replace("\\}", "}"))
            parts[index] = plain_breaks(part).replace("\\{", "&#123;").replace("\\}", "}")
    codes = "".join(overrides)
    place, alignment, old = (each.search(codes) for each in (_PLACE, _ALIGNMENT, _OLD_ALIGNMENT))
    return EventText(
        plain="".join(plain),
        marked="".join(parts),
        drawings=drawings,
        remarks=len(parts) // 2 - len(overrides),
        place=None if place is None else (_number(place[1]), _number(place[2])),
        alignment=None if alignment is None else int(alignment[1]),
        old_alignment=None if old is None else int(old[1]),
        is_karaoke=_KARAOKE.search(codes) is not None,
        is_typeset=_TYPESETTING.search(codes) is not None,
    )


def _next_brace(text: str, begin: int) -> int:
    r"""Return where the next brace opens that is no text, as ``\{`` is; -1 where none does."""
    at = text.find("{", begin)
    while at > 0 and text[at - 1] == "\\":
        at = text.find("{", at + 1)
    return at


def styles_within(text: str) -> Iterator[tuple[str, str]]:
    r"""Yield the lines of a text that ``{\rName}`` gives styles of their own, with their names.

    Scripts in two languages write both into one event so. The first part's name is empty: the
    event's style. A style within a line divides nothing.
    """
    name, begin, at = "", 0, 0
    while (opened := _next_brace(text, at)) >= 0 and (closed := text.find("}", opened)) >= 0:
        reset = _RESET.search(text, opened, closed)
        at_break = text.endswith(("\\N", "\\n"), 0, opened) or text.startswith(
            ("\\N", "\\n"), closed + 1
        )
        if reset is not None and at_break:
            yield name, text[begin:opened]
            name, begin = reset[1].strip(), opened
        at = closed + 1
    yield name, text[begin:]


def _kept(override: str) -> str:
    """Return what stands in braces as markup; empty for a remark, and without what comes before."""
    place = override.find("\\")
    return f"{{{override[place:]}}}" if place >= 0 else ""


def plain_breaks(text: str) -> str:
    r"""Return a text with its ``\N``, ``\n`` and ``\h`` as line breaks and spaces."""
    return text.replace("\\h", " ").replace("\\n", "\n").replace("\\N", "\n")


def between_braces(text: str) -> Iterator[str]:
    """Yield by turns a text outside and one inside braces that are closed."""
    begin = 0
    while (opened := _next_brace(text, begin)) >= 0 and (closed := text.find("}", opened)) >= 0:
        yield text[begin:opened]
        yield text[opened + 1 : closed]
        begin = closed + 1
    yield text[begin:]


def _draws(override: str, *, drawing: bool) -> bool:
    """Whether shapes are drawn behind an override."""
    switched = _DRAWING.findall(override)
    return drawing if not switched else switched[-1].strip("0") != ""


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
