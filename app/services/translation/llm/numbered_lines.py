"""Reading ``n| text`` lines while they are still being written."""

from __future__ import annotations

import re

from app.services.translation.quality.line_batch import Member

_NUMBERED = re.compile(r"\s*(\d+)\s*\|\s*(.*\S)\s*")


class NumberedLines:
    """Finds numbered lines in text that arrives in pieces of any size.

    A line counts once its end is there, since half a line looks like a whole one; every line
    without a number is prose and is skipped.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[Member]:
        """Return the lines that this piece completes, as number and text."""
        *lines, self._rest = (self._rest + text).split("\n")
        matches = (_NUMBERED.fullmatch(line) for line in lines)
        return [(match[1], match[2]) for match in matches if match]

    def end(self) -> list[Member]:
        """Nothing is held back: the provider ends a complete answer with a line end."""
        return []
