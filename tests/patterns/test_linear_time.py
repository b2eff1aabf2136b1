"""No pattern of the application takes more than linear time, whatever the text.

Patterns are found in the source and attacked with texts that are made from them, so a new pattern
is tested without a word here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any

import pytest

from tests.patterns.foreign_patterns import Use, modules_with_patterns, uses_in
from tests.patterns.growth import grows_linearly, quick
from tests.patterns.hostile_texts import HostileText, hostile_texts

SIZE = 2500
SUSPICIOUS_S = 0.002
"""Linear work on a text of that size takes a tenth of it, quadratic work several times as much."""

_SHORT = 22
"""Exponential work shows on so few characters."""

_ALL_METHODS = ("search", "fullmatch", "sub")
MODULES = modules_with_patterns()


@pytest.mark.parametrize("module", MODULES)
def test_each_pattern_of_a_module_takes_linear_time(module: str) -> None:
    for use in uses_in(module):
        slow = [
            (method, text) for method in _methods(use) for text in _slow_texts(use.pattern, method)
        ]
        assert not slow, f"{use.place}: {use.pattern.pattern!r} takes more than linear time"


def test_patterns_are_found_where_re_is_imported() -> None:
    without = [module for module in MODULES if not uses_in(module)]
    assert len(MODULES) - len(without) > 25


@pytest.mark.parametrize(
    ("source", "method"),
    [
        (r"<c[^<>]*\s*>", "search"),
        (r"{[^}]*}", "sub"),
        (r"\s*(\d+)\s*\|\s*(.*\S)\s*", "fullmatch"),
        (r"\S+\.\w{2,4}/", "search"),
        (r"<v(?:\.[^\s<>]*)?\s+([^<>]+)>", "findall"),
        (r"^(a+)+$", "search"),
        (r"(\w+\s?)*;", "match"),
        (r"-x-.*$", "sub"),
        (r".*;", "search"),
    ],
)
def test_patterns_that_are_known_to_backtrack_are_found(source: str, method: str) -> None:
    if source in (r"^(a+)+$", r"(\w+\s?)*;"):
        assert _exponential_texts(re.compile(source), _work(re.compile(source), method))
        return
    assert _slow_texts(re.compile(source), method)


def _methods(use: Use) -> set[str]:
    return {_one_of(method) for method in use.methods or _ALL_METHODS}


def _one_of(method: str) -> str:
    return "sub" if method in ("sub", "subn", "split", "findall", "finditer") else method


def _work(pattern: re.Pattern[Any], method: str) -> Callable[[str], object]:
    if isinstance(pattern.pattern, bytes):
        work = _method(pattern, method)
        return lambda text: work(text.encode("utf-8", "replace"))
    return _method(pattern, method)


def _method(pattern: re.Pattern[Any], method: str) -> Callable[..., object]:
    if _one_of(method) == "sub":
        return partial(pattern.sub, pattern.pattern[:0])
    return getattr(pattern, method)


def _slow_texts(pattern: re.Pattern[str], method: str) -> list[HostileText]:
    """Return texts on which a method takes more than linear time, the first one found."""
    work = _work(pattern, method)
    if exponential := _exponential_texts(pattern, work):
        return exponential
    for text in hostile_texts(pattern):
        if quick(work, text.of_size(SIZE), SUSPICIOUS_S):
            continue
        if not grows_linearly(work, text.of_size, SIZE):
            return [text]
    return []


def _exponential_texts(
    pattern: re.Pattern[str], work: Callable[[str], object]
) -> list[HostileText]:
    slow = (text for text in hostile_texts(pattern) if not quick(work, text.of_size(_SHORT), 0.02))
    return list(islice(slow, 1))
