"""Word error rate: how far a transcript is from the words that were said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import IntEnum


class _Step(IntEnum):
    """How a cell of the alignment was reached; of equal costs the first is taken."""

    MATCH = 0
    """The words stand for one another, equal or wrong."""
    MISSING = 1
    SURPLUS = 2


def plain_words(text: str) -> list[str]:
    """Return a text's words without case, accents and punctuation.

    Apostrophes join ("don't" is "dont"), other punctuation separates. Numbers stay as written, so
    "5" for "cinco" is an error.
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(char for char in decomposed if not unicodedata.combining(char))
    return re.findall(r"\w+", re.sub(r"['’]", "", letters))


def word_errors(said: Sequence[str], heard: Sequence[str]) -> list[int]:
    """Return the errors at every word that was said.

    They are those of the word-level Levenshtein distance: a wrong or missing word counts 1 at
    its place; a surplus word counts 1 at the word before it, or at the first one.

    Returns:
        As many counts as words were said; their sum is the distance.

    Raises:
        ValueError: nothing was said.
    """
    if not said:
        raise ValueError("an error rate needs words that were said")
    steps = _steps(said, heard)
    errors = [0] * len(said)
    row, column = len(said), len(heard)
    while row or column:
        step = steps[row][column]
        if step == _Step.SURPLUS:
            errors[max(row - 1, 0)] += 1
        elif step == _Step.MISSING or said[row - 1] != heard[column - 1]:
            errors[row - 1] += 1
        row -= step != _Step.SURPLUS
        column -= step != _Step.MISSING
    return errors


def _steps(said: Sequence[str], heard: Sequence[str]) -> list[list[_Step]]:
    """Return the last step of the cheapest alignment of every pair of beginnings."""
    costs = list(range(len(heard) + 1))
    steps = [[_Step.SURPLUS] * len(costs)]
    for row, word in enumerate(said, start=1):
        above, costs = costs, [row]
        steps.append([_Step.MISSING])
        for column, other in enumerate(heard, start=1):
            cost, step = min(
                (above[column - 1] + (word != other), _Step.MATCH),
                (above[column] + 1, _Step.MISSING),
                (costs[column - 1] + 1, _Step.SURPLUS),
            )
            costs.append(cost)
            steps[-1].append(step)
    return steps
