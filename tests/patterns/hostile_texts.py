"""Texts on which a pattern that backtracks takes more than linear time."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from re import _constants as op  # isort: skip
from re import _parser as parser  # isort: skip

_ENDS = ("", "\0", "\n\0", "x", "-")
_MANY = 16
"""A pattern may repeat something at least so often before the repetition counts as unbounded."""

_CANDIDATES = " \ta1A.,:;/'\"-_<>{}[]()|\\&#=!?*+@\u00e9\u4e2d\u0301\u00a0\n" + string.ascii_letters


@dataclass(frozen=True)
class HostileText:
    """A recipe: something once, something as often as the size allows, something at the end."""

    begin: str
    unit: str
    end: str

    def of_size(self, size: int) -> str:
        """Return the text of about a size."""
        return self.begin + self.unit * (size // len(self.unit)) + self.end


def hostile_texts(pattern: re.Pattern[str]) -> list[HostileText]:
    """Return recipes from what a pattern repeats and what stands before it."""
    found: dict[HostileText, None] = {}
    for prefix, pump in _pumps(pattern):
        for begin, unit in ((prefix, pump), ("", prefix + pump), ("", prefix or pump)):
            found |= {HostileText(begin, unit, end): None for end in _ENDS if unit}
    return list(found)


def _pumps(pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    tree = parser.parse(pattern.pattern, pattern.flags)
    repeated = list(_of_sequence(list(tree), ""))
    literals = sorted(set(_literals(tree)))
    yield from repeated
    for literal in literals:
        yield "", literal
    if not repeated:  # nothing to backtrack over
        return
    for first in literals[:8]:
        for second in [*literals[:8], " ", "a"]:
            yield first, second


def _of_sequence(items: list[Any], before: str) -> Iterator[tuple[str, str]]:
    """Yield what comes before each repetition, and what it repeats, also together with the next."""
    prefix = before
    for place, (kind, value) in enumerate(items):
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, inner = value
            if most is op.MAXREPEAT or most > _MANY:
                chars = _samples(inner)
                for char in chars:
                    yield prefix, char
                following = _example(items[place + 1 : place + 2])
                for char in chars[:4]:
                    if following:
                        yield prefix, char + following
            yield from _of_sequence(list(inner), prefix)
            prefix += _example(list(inner)) * max(1, min(least, 2))
            continue
        for inner in _inner(kind, value):
            yield from _of_sequence(list(inner), prefix)
        prefix += _example([(kind, value)])


def _inner(kind: Any, value: Any) -> list[Any]:
    if kind is op.SUBPATTERN:
        return [value[-1]]
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is op.ATOMIC_GROUP else []


def _samples(inner: Any) -> list[str]:
    """Return short texts that a repeated part matches: several characters of a class."""
    items = list(inner)
    if len(items) == 1 and items[0][0] in (op.IN, op.LITERAL, op.NOT_LITERAL, op.ANY):
        return list(islice(_chars(items[0]), 10))
    example = _example(items)
    return [example] if example else []


def _chars(item: tuple[Any, Any]) -> Iterator[str]:
    """Yield characters that one item matches, those first that many patterns know."""
    compiled = re.compile(_source(item), re.DOTALL)
    found = (char for char in _CANDIDATES if compiled.fullmatch(char))
    for char in dict.fromkeys((*found, *_literals([item]))):
        if compiled.fullmatch(char):
            yield char


def _source(item: tuple[Any, Any]) -> str:
    kind, value = item
    if kind is op.LITERAL:
        return re.escape(chr(value))
    if kind is op.NOT_LITERAL:
        return f"[^{re.escape(chr(value))}]"
    return "." if kind is op.ANY else f"[{''.join(map(_class_part, value))}]"


_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _class_part(part: tuple[Any, Any]) -> str:
    kind, value = part
    if kind is op.NEGATE:
        return "^"
    if kind is op.RANGE:
        return f"\\U{value[0]:08x}-\\U{value[1]:08x}"
    return _CATEGORIES[value] if kind is op.CATEGORY else f"\\U{value:08x}"


def _example(items: list[Any]) -> str:
    """Return a short text that a sequence matches, as far as that is easily said."""
    return "".join(map(_example_of, items))


def _example_of(item: tuple[Any, Any]) -> str:
    kind, value = item
    if kind in (op.IN, op.LITERAL, op.NOT_LITERAL, op.ANY):
        return next(_chars(item), "")
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _example(list(value[2])) * min(value[0], 3)
    if kind is op.SUBPATTERN:
        return _example(list(value[-1]))
    if kind is op.ATOMIC_GROUP:
        return _example(list(value))
    return _example(list(value[1][0])) if kind is op.BRANCH else ""


def _literals(tree: Any) -> Iterator[str]:
    """Yield the characters that a pattern names."""
    for kind, value in tree:
        if kind in (op.LITERAL, op.NOT_LITERAL):
            yield chr(value)
        elif kind is op.IN:
            yield from _literals(part for part in value if part[0] is op.LITERAL)
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            yield from _literals(value[2])
        else:
            for inner in _inner(kind, value):
                yield from _literals(inner)
