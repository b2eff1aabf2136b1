"""Order of zooms over a list of pictures, and parts of long lists."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def spread_zooms(names: Sequence[str], count: int, seed: int) -> list[str]:
    """Return the zoom of each picture: each name equally often, in an order of chance.

    What is left over goes to the first names. The same seed gives the same order.

    Args:
        names: of zooms; one at least.
        count: of pictures.
        seed: of the order.
    """
    each, more = divmod(count, len(names))
    zooms = [
        name for place, name in enumerate(names) for _ in range(each + (1 if place < more else 0))
    ]
    random.Random(seed).shuffle(zooms)  # noqa: S311 - an order, no secret
    return zooms


def parts_of(items: Sequence[T], parts: int) -> list[Sequence[T]]:
    """Return a list in contiguous parts, all but the last ones as long as one another.

    Two hundred items in three parts are 67, 67 and 66.

    Args:
        items: to split.
        parts: as many at most; none is empty.
    """
    length = -(-len(items) // parts)
    return [items[start : start + length] for start in range(0, len(items), length or 1)]
