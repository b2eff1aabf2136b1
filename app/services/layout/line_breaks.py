"""Line breaker for the text of a cue."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import inf

from app.domain.profile import ReadingProfile
from app.domain.text import join_words
from app.services.layout.breaks import Break, break_at
from app.services.layout.tokens import Token, tokenize

FORBIDDEN_COST = 1000.0
"""Cost of a break that parts what belongs together: more than any other reason for a place."""

_BREAK_COST = {
    Break.SENTENCE: 0.0,
    Break.CLAUSE: 2.0,
    Break.PHRASE: 6.0,
    Break.PLAIN: 12.0,
    Break.TIGHT: 18.0,
    Break.BAD: FORBIDDEN_COST,
}
"""Cost of a break, on the scale of the raggedness below: two lines of 42 columns that are each
10 columns off the mean cost 11, so a phrase is worth some seven columns of imbalance."""

_TOP_HEAVY = 2.0
"""A line wider than those below it costs this much more than one that is narrower.

Source: Netflix Timed Text Style Guide, "Line Treatment": bottom-heavy pyramid preferred.
"""

_CACHE_ENTRIES = 2048
"""Texts whose lines are cached: a job's cues are written in several formats in succession."""

_CACHED_MAX_CHARS = 500
"""Longer texts are not cues, and are not cached."""


class LineBreaker:
    """Finds the best lines of any run of consecutive tokens.

    Tokens may be added at any time; the lines of a run depend on its tokens alone.

    Args:
        max_width: columns of a line; no token is wider.
    """

    def __init__(self, max_width: int) -> None:
        self._max_width = max_width
        self._begins: list[int] = []
        self._ends: list[int] = [0]
        self._costs: list[float] = [0.0]

    def add(self, token: Token, kind: Break) -> None:
        """Add a token, and the kind of break before it."""
        self._begins.append(self._ends[-1] + token.gap)
        self._ends.append(self._begins[-1] + token.width)
        if len(self._begins) > 1:
            self._costs.append(_BREAK_COST[kind])

    def forget(self, count: int) -> None:
        """Forget the first tokens, so that indexes begin behind them."""
        del self._begins[:count], self._ends[:count], self._costs[:count]

    def width(self, start: int, end: int) -> int:
        """Return the columns of tokens on one line."""
        return self._ends[end] - self._begins[start]

    def within(self, start: int, end: int, max_lines: int) -> tuple[float, tuple[int, ...]] | None:
        """Return what `best` does, None where that is more lines than allowed."""
        if self.width(start, end) <= self._max_width:
            return 0.0, ()
        if max_lines == 2:
            return self._two_lines(start, end, self.width(start, end))
        if self._fewest(start, end) > max_lines:
            return None
        return self.best(start, end)

    def best(self, start: int, end: int) -> tuple[float, tuple[int, ...]]:
        """Return the cost of the best lines of a run, and where the second and later begin.

        There are as few lines as the width allows.

        Source: dynamic programming over break places as in Knuth and Plass, "Breaking Paragraphs
        into Lines" (1981), with the costs above.
        """
        width = self.width(start, end)
        if width <= self._max_width:
            return 0.0, ()
        if width <= 2 * self._max_width + 1:
            found = self._two_lines(start, end, width)
            if found is not None:
                return found
        return self._lines(start, end, width)

    def _two_lines(self, start: int, end: int, width: int) -> tuple[float, tuple[int, ...]] | None:
        most, mean = self._max_width, width / 2
        begins, ends, costs = self._begins, self._ends, self._costs
        from_column, to_column = begins[start], ends[end]
        first = bisect_left(begins, to_column - most, start + 1, end)
        last = bisect_right(ends, from_column + most, start + 1, end)
        best, at = inf, 0
        for place in range(first, last):
            cost = costs[place]
            if cost >= best:
                continue
            off = (ends[place] - from_column - mean) / most
            rest = (to_column - begins[place] - mean) / most
            cost += 100 * ((_TOP_HEAVY if off > 0 else 1.0) * off * off + rest * rest)
            if cost < best:
                best, at = cost, place
        return (best, (at,)) if at else None

    def _lines(self, start: int, end: int, width: int) -> tuple[float, tuple[int, ...]]:
        """Return the best lines of a run that needs three or more."""
        mean = width / self._fewest(start, end)
        best = {start: (0, 0.0)}
        came_from: dict[int, int] = {}
        for until in range(start + 1, end + 1):
            after = 0.0 if until == end else self._costs[until]
            best[until] = (end, inf)
            for place in range(until - 1, start - 1, -1):
                wide = self.width(place, until)
                if wide > self._max_width and place < until - 1:
                    break
                ragged = _raggedness(wide, mean, self._max_width, is_last=until == end)
                lines, cost = best[place]
                found = (lines + 1, cost + after + ragged)
                if found < best[until]:
                    best[until], came_from[until] = found, place
        return best[end][1], _backtrack(came_from, start, end)

    def _fewest(self, start: int, end: int) -> int:
        lines, begin = 1, start
        for place in range(start + 1, end):
            if self.width(begin, place + 1) > self._max_width:
                lines, begin = lines + 1, place
        return lines


def break_lines(text: str, profile: ReadingProfile, language: str = "") -> list[str]:
    """Break a text into as few lines as its width allows, at the positions that read best.

    Args:
        text: a cue's text or its translation; a line break in it, as it stands between the turns
            of two speakers, stays one.
        profile: limits the width of a line.
        language: BCP 47 tag of the text; empty where it is not known.

    Returns:
        Lines no wider than ``profile.max_line_chars`` columns; no more than ``max_lines`` of them
        where the text fits, and as many as it takes where it does not, so that nothing is lost.
        Empty for a blank text.
    """
    broken = _broken if len(text) <= _CACHED_MAX_CHARS else _broken.__wrapped__
    return [
        line for turn in text.split("\n") for line in broken(turn, profile.max_line_chars, language)
    ]


@lru_cache(maxsize=_CACHE_ENTRIES)
def _broken(text: str, max_width: int, language: str) -> tuple[str, ...]:
    tokens = tokenize(text, max_width)
    if not tokens:
        return ()
    if _width(tokens) <= max_width:
        return (join_words(tokens),)
    breaker = LineBreaker(max_width)
    texts = [token.text for token in tokens]
    for index, token in enumerate(tokens):
        breaker.add(token, break_at(texts, index, language) if index else Break.BAD)
    _, starts = breaker.best(0, len(tokens))
    edges = (0, *starts, len(tokens))
    return tuple(join_words(tokens[start:end]) for start, end in pairwise(edges))


def fits(text: str, profile: ReadingProfile) -> bool:
    """Whether a text fits into one cue."""
    turns = [tokenize(turn, profile.max_line_chars) for turn in text.split("\n")]
    if sum(map(_width, turns)) > profile.max_chars + profile.max_lines:
        return False
    lines = sum(_fewest_lines(tokens, profile.max_line_chars) for tokens in turns)
    return lines <= profile.max_lines


def _width(tokens: Sequence[Token]) -> int:
    return sum(token.width + token.gap for token in tokens) - (tokens[0].gap if tokens else 0)


def _fewest_lines(tokens: Sequence[Token], max_width: int) -> int:
    lines, width = 0, max_width + 1
    for token in tokens:
        width += token.gap + token.width
        if width > max_width:
            lines, width = lines + 1, token.width
    return lines


def _raggedness(width: int, mean: float, max_width: int, *, is_last: bool) -> float:
    off = (width - mean) / max_width
    weight = _TOP_HEAVY if off > 0 and not is_last else 1.0
    return 100 * weight * off * off


def _backtrack(came_from: dict[int, int], start: int, end: int) -> tuple[int, ...]:
    starts: list[int] = []
    place = came_from[end]
    while place > start:
        starts.append(place)
        place = came_from[place]
    return tuple(starts[::-1])
