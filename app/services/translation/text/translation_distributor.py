"""Distributor of a unit's translation over its cues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import inf

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.text import join_words
from app.services.layout.breaks import BREAK_COST, Break, break_between
from app.services.layout.tokens import Token, is_unspaced
from app.services.layout.width import text_width
from app.services.translation.text.translation_tokenizer import TranslationTokenizer

_OVERFLOW = 100.0
"""Cost of a piece that does not fit on screen, and again for each cue that it is too wide by, on
the scale of ``BREAK_COST``: as much as a cut that is a whole cue off."""


@dataclass(frozen=True, slots=True)
class TranslationDistributor:
    """Divides the translations of one job among their cues.

    Attributes:
        tokenizer: finds what must not be cut.
        profile: limits what fits into a cue.
    """

    tokenizer: TranslationTokenizer
    profile: ReadingProfile

    def divide(self, text: str, cues: Sequence[Cue]) -> list[str]:
        """Return each cue's part of a translation.

        Cuts lie near each cue's share of the source, by its text and its time, at the position
        that reads best. A translation of fewer words than cues is shown whole on each of them: an
        empty cue would show its source.

        Args:
            text: the translation.
            cues: the unit's cues, at least one.

        Returns:
            One piece for each cue, none blank unless the text is. Where they are not all the
            whole text, they are the text's parts in order.

        Source: dynamic programming over the positions of the cuts, as in Knuth and Plass, "Breaking
        Paragraphs into Lines" (1981).
        """
        if len(cues) == 1:
            return [text]
        tokens = self.tokenizer.cut(text)
        if len(tokens) < len(cues) and text_width(text) > self.profile.max_chars:
            tokens = self.tokenizer.cut_finest(text)
        if len(tokens) < len(cues):
            return [text] * len(cues)
        cuts = [self._cut_cost(before, after) for before, after in pairwise(tokens)]
        edges = _best_edges(tokens, cuts, _shares(cues), self.profile.max_chars)
        return [join_words(tokens[begin:end]) for begin, end in pairwise(edges)]

    def _cut_cost(self, before: Token, after: Token) -> float:
        kind = break_between(before.text, after.text, self.tokenizer.language.tag)
        if not after.glued and is_unspaced(before.text[-1]) and is_unspaced(after.text[0]):
            kind = min(kind, Break.CLAUSE)
        return BREAK_COST[kind]


def _shares(cues: Sequence[Cue]) -> list[float]:
    """Return each cue's share of the unit, 0..1: half by its text, half by its time."""
    widths = [max(1, text_width(cue.text)) for cue in cues]
    times = [max(1, cue.span.duration_ms) for cue in cues]
    return [
        (width / sum(widths) + time / sum(times)) / 2
        for width, time in zip(widths, times, strict=True)
    ]


def _best_edges(
    tokens: Sequence[Token], cuts: Sequence[float], shares: Sequence[float], max_width: int
) -> list[int]:
    """Return the index of each piece's first token, and one past the last token."""
    ends = list(accumulate((token.gap + token.width for token in tokens), initial=0))
    begins = [edge + token.gap for edge, token in zip(ends, tokens, strict=False)]
    count, total = len(tokens), max(1, ends[-1])
    quality = [0.0, *cuts, 0.0]
    best = [0.0] + [inf] * count
    came_from: list[list[int]] = []
    for piece, share in enumerate(accumulate(shares), start=1):
        left = len(shares) - piece
        reached, origins = [inf] * (count + 1), [0] * (count + 1)
        for end in range(piece, count - left + 1) if left else [count]:
            off = (ends[end] - share * total) * len(shares) / total if left else 0.0
            own = 100 * off * off + quality[end]
            for begin in range(piece - 1, end):
                width = ends[end] - begins[begin]
                cost = best[begin] + own
                if width > max_width:
                    cost += _OVERFLOW * width / max_width
                if cost < reached[end]:
                    reached[end], origins[end] = cost, begin
        best = reached
        came_from.append(origins)
    return _trace_back(came_from, count)


def _trace_back(came_from: Sequence[Sequence[int]], count: int) -> list[int]:
    edges = [count]
    for origins in reversed(came_from):
        edges.append(origins[edges[-1]])
    return edges[::-1]
