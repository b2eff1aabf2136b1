"""Line breaker for the text of a cue."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, pairwise
from math import inf

from app.domain.profile import ReadingProfile
from app.domain.text import join_words
from app.services.layout.breaks import Break, break_between
from app.services.layout.tokens import Token, tokenize

_BREAK_COST = {
    Break.SENTENCE: 0.0,
    Break.CLAUSE: 2.0,
    Break.PHRASE: 6.0,
    Break.PLAIN: 12.0,
    Break.BAD: 40.0,
}
"""Cost of a break, on the scale of the raggedness below: two lines of 42 columns that are each
10 columns off the mean cost 11, so a phrase is worth some seven columns of imbalance."""

_LINE_COST = 1e6
"""More than any raggedness: no line is opened that is not needed."""

_TOP_HEAVY = 2.0
"""A line wider than those below it costs this much more than one that is narrower.

Source: Netflix Timed Text Style Guide, "Line Treatment": bottom-heavy pyramid preferred.
"""

_CACHE_ENTRIES = 2048
"""Texts whose lines are cached: a job's cues are written in several formats in succession."""

_CACHED_MAX_CHARS = 500
"""Longer texts are not cues, and are not cached."""


def break_lines(text: str, profile: ReadingProfile) -> list[str]:
    """Break a text into as few lines as its width allows, at the positions that read best.

    Args:
        text: a cue's text or its translation; a line break in it, as it stands between the turns
            of two speakers, stays one.
        profile: limits the width of a line.

    Returns:
        Lines no wider than ``profile.max_line_chars`` columns; no more than ``max_lines`` of them
        where the text fits, and as many as it takes where it does not, so that nothing is lost.
        Empty for a blank text.

    Source: dynamic programming over break places as in Knuth and Plass, "Breaking Paragraphs into
    Lines" (1981), with the costs above.
    """
    broken = _broken if len(text) <= _CACHED_MAX_CHARS else _broken.__wrapped__
    return [line for turn in text.split("\n") for line in broken(turn, profile.max_line_chars)]


@lru_cache(maxsize=_CACHE_ENTRIES)
def _broken(text: str, max_width: int) -> tuple[str, ...]:
    tokens = tokenize(text, max_width)
    if not tokens:
        return ()
    if _width(tokens) <= max_width:
        return (join_words(tokens),)
    ends = _best_ends(tokens, max_width)
    return tuple(join_words(tokens[start:end]) for start, end in pairwise([0, *ends]))


def fits(text: str, profile: ReadingProfile) -> bool:
    """Whether a text fits into one cue."""
    turns = [tokenize(turn, profile.max_line_chars) for turn in text.split("\n")]
    if sum(map(_width, turns)) > profile.max_chars + profile.max_lines:
        return False
    lines = sum(_fewest_lines(tokens, profile.max_line_chars) for tokens in turns)
    return lines <= profile.max_lines


def _width(tokens: list[Token]) -> int:
    return sum(token.width + token.gap for token in tokens) - (tokens[0].gap if tokens else 0)


def _fewest_lines(tokens: list[Token], max_width: int) -> int:
    lines, width = 0, max_width + 1
    for token in tokens:
        width += token.gap + token.width
        if width > max_width:
            lines, width = lines + 1, token.width
    return lines


def _best_ends(tokens: list[Token], max_width: int) -> list[int]:
    """Return the index one past the last token of each line."""
    count = len(tokens)
    ends = list(accumulate((token.gap + token.width for token in tokens), initial=0))
    begins = [edge + token.gap for edge, token in zip(ends, tokens, strict=False)]
    mean = _width(tokens) / _fewest_lines(tokens, max_width)
    costs = [_BREAK_COST[break_between(a.text, b.text)] for a, b in pairwise(tokens)]
    best = [0.0] + [inf] * count
    came_from = [0] * (count + 1)
    for end in range(1, count + 1):
        is_last = end == count
        after = _LINE_COST if is_last else _LINE_COST + costs[end - 1]
        for start in range(end - 1, -1, -1):
            width = ends[end] - begins[start]
            if width > max_width and start < end - 1:
                break
            cost = best[start] + after + _raggedness(width, mean, max_width, is_last)
            if cost < best[end]:
                best[end], came_from[end] = cost, start
    return _backtrack(came_from)


def _raggedness(width: int, mean: float, max_width: int, is_last: bool) -> float:
    off = (width - mean) / max_width
    weight = _TOP_HEAVY if off > 0 and not is_last else 1.0
    return 100 * weight * off * off


def _backtrack(came_from: list[int]) -> list[int]:
    ends = []
    end = len(came_from) - 1
    while end > 0:
        ends.append(end)
        end = came_from[end]
    return ends[::-1]
