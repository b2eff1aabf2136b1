"""Makes the weights by which the layout finds sentence starts in text without punctuation.

Logistic regression over the classes of the two words on either side of a place, on the first halves
of the sentences of ``tests/services/layout/break_sets``: run one after another without their
marks, in seven languages together. Prints the table of ``app/services/layout/sentence_starts.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.services.layout.break_rules.languages import WORD_CLASSES
from app.services.layout.sentence_starts import CLASSES, PLACES, classes_around

SETS = Path(__file__).parents[1] / "tests" / "services" / "layout" / "break_sets"
_RIDGE = 1.0
_STEPS = 50


def unmarked(language: str, part: str) -> tuple[list[str], set[int]]:
    """Return the words of a half of a set, small and without marks, and where sentences start."""
    text = (SETS / f"{language}.txt").read_text(encoding="utf-8")
    lines = text.partition(f"# {part}\n")[2].partition("#")[0].splitlines()
    words: list[str] = []
    starts: set[int] = set()
    for line in filter(None, lines):
        starts.add(len(words))
        words += [word.strip(".,?!:;").lower() for word in line.replace("_", " ").split()]
    return words, starts


def trained() -> dict[str, tuple[float, ...]]:
    """Return a row of weights for each class, and ``bias``."""
    rows: list[NDArray[np.float64]] = []
    labels: list[bool] = []
    for language in WORD_CLASSES:
        words, starts = unmarked(language, "tuning")
        for at in range(1, len(words)):
            rows.append(_features(words, at, language))
            labels.append(at in starts)
    weights = _fitted(np.array(rows), np.array(labels, np.float64))
    table = weights[:-1].reshape(len(PLACES), len(CLASSES)).T
    found = {
        name: tuple(round(float(value), 1) for value in row)
        for name, row in zip(CLASSES, table, strict=True)
    }
    return {**found, "bias": (round(float(weights[-1]), 1),)}


def _features(words: Sequence[str], at: int, language: str) -> NDArray[np.float64]:
    found = np.zeros((len(PLACES), len(CLASSES)))
    for place, names in enumerate(classes_around(words, at, language)):
        for name in names:
            found[place, CLASSES.index(name)] = 1.0
    return np.append(found.ravel(), 1.0)


def _fitted(rows: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of ridge logistic regression, by Newton's method."""
    weights = np.zeros(rows.shape[1])
    ridge = _RIDGE * np.eye(len(weights))
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chances - labels) + _RIDGE * weights
        curve = (rows * (chances * (1 - chances))[:, None]).T @ rows + ridge
        weights -= np.linalg.solve(curve, slope)
    return weights


if __name__ == "__main__":
    for name, row in trained().items():
        print(f'"{name}": {row},')
