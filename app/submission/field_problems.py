"""What is wrong with the fields of a request, as one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import dropwhile
from typing import Any

_MAX_PROBLEMS = 10
_STEP_CHARS = 60
_PROBLEM_CHARS = 300
"""Bounds of a message about a request: a body may be wrong in a hundred thousand places."""

_WRAPPERS = frozenset({"body", "query", "input"})
"""First steps of an error's location, which are no field: FastAPI's, and the queue's ``input``."""


def describe(problems: Sequence[Any]) -> str:
    """Return the problems by field, in one sentence; never the values, which may be secrets."""
    parts = [_described(problem) for problem in problems[:_MAX_PROBLEMS]]
    if len(problems) > _MAX_PROBLEMS:
        parts.append(f"and {len(problems) - _MAX_PROBLEMS} more")
    return "; ".join(parts) or "Invalid request"


def _described(problem: Mapping[str, Any]) -> str:
    steps = dropwhile(_WRAPPERS.__contains__, problem["loc"])
    field = ".".join(str(step)[:_STEP_CHARS] for step in steps)
    text = str(problem["msg"])[:_PROBLEM_CHARS]
    return f"{field}: {text}" if field else text
