"""Runs of style stay with their words through joining, dividing and breaking of texts."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.style import (
    PLAIN,
    InlineStyle,
    Placement,
    common_style,
    divided,
    ink_length,
    ink_runs,
    joined,
    layered,
    pieces_of,
    remainder,
    zone,
)

ITALIC, YELLOW = InlineStyle(italic=True), InlineStyle(colour="#ffff00")
STYLES = st.sampled_from([PLAIN, ITALIC, YELLOW, ITALIC.over(YELLOW)])
PIECES = st.lists(st.tuples(st.text("ab \n", max_size=6), STYLES), max_size=6)


def inked(pieces: list[tuple[str, InlineStyle]]) -> list[tuple[str, InlineStyle]]:
    return [(char, style) for text, style in pieces for char in text if not char.isspace()]


@given(PIECES)
def test_a_text_is_cut_where_its_style_changes_and_nowhere_else(
    pieces: list[tuple[str, InlineStyle]],
) -> None:
    text = "".join(piece for piece, _ in pieces)
    cut = pieces_of(text, ink_runs(pieces))
    assert "".join(piece for piece, _ in cut) == text
    assert inked(cut) == inked(pieces)
    assert all(before[1] != after[1] for before, after in pairwise(cut))


@given(PIECES, st.lists(st.integers(0, 40), max_size=4))
def test_divided_runs_join_again(pieces: list[tuple[str, InlineStyle]], cuts: list[int]) -> None:
    text = "".join(piece for piece, _ in pieces)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    texts = [text[a:b] for a, b in pairwise(edges)]
    runs = ink_runs(pieces)
    assert joined(zip(texts, divided(runs, texts), strict=True)) == runs


@given(PIECES)
def test_the_common_style_and_the_rest_are_the_whole(
    pieces: list[tuple[str, InlineStyle]],
) -> None:
    runs = ink_runs(pieces)
    length = ink_length("".join(piece for piece, _ in pieces))
    base = common_style(runs, length)
    assert layered(remainder(runs, base), base, length) == runs


def test_a_place_has_a_part_of_the_picture() -> None:
    assert zone(Placement()) == 2
    assert zone(Placement(9)) == 9
    assert zone(Placement(7, 0.5, 0.1)) == 8
    assert zone(Placement(2, 0.1, 0.5)) == 4
    assert zone(Placement(2, row=1)) == 8
    assert zone(Placement(2, row=-3)) == 2
