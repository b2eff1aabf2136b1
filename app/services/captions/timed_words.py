"""Words and their times, out of a caption that times some of its text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.domain.time import Span
from app.domain.transcript import Word
from app.services.captions.caption_lines import CaptionLine, Shown
from app.services.layout.tokens import split_spaces, tokenize
from app.services.layout.width import text_width

_WORD_MS = 250
_CHARACTER_MS = 110
"""A word lasts no longer than this and this for each character, whatever silence follows it: half
the speed of slow speech (some ten characters a second)."""


@dataclass(slots=True)
class _Said:
    """A word while it is put together; its parts may come from several pieces."""

    parts: list[str]
    start_ms: int | None
    glued: bool

    @property
    def text(self) -> str:
        return "".join(self.parts)


def words_of(shown: Shown, until_ms: int) -> tuple[Word, ...]:
    """Return the words of a caption in order.

    Args:
        shown: a piece of its text that has no time is said between those that have one.
        until_ms: no word lasts longer.
    """
    said: list[_Said] = []
    for line in shown.lines:
        _add_line(said, line)
    texts = [word.text for word in said]
    starts = _starts([word.start_ms for word in said], texts, Span(shown.start_ms, until_ms))
    ends = [*starts[1:], until_ms]
    return tuple(
        Word(text, Span(start, min(end, start + _longest_ms(text))), glued=word.glued)
        for word, text, start, end in zip(said, texts, starts, ends, strict=True)
    )


def text_of(words: Sequence[Word]) -> str:
    """Return words as they are written."""
    return "".join(
        word.text if word.glued or not i else f" {word.text}" for i, word in enumerate(words)
    )


def _add_line(said: list[_Said], line: CaptionLine) -> None:
    # Lines part words, but where the script writes no spaces a word may go on.
    touches = bool(said) and _may_part(said[-1].parts[-1], line.text)
    for piece in line.pieces:
        touches = touches and not piece.text[:1].isspace()
        for index, text in enumerate(split_spaces(piece.text)):
            start_ms = piece.start_ms if index == 0 else None
            glued = touches and index == 0
            if glued and not _may_part(said[-1].parts[-1], text):
                said[-1].parts.append(text)
            else:
                said.append(_Said([text], start_ms, glued))
        touches = bool(said) and not piece.text[-1:].isspace()


def _may_part(before: str, after: str) -> bool:
    return len(tokenize(before[-1] + after[0])) > 1


def _starts(told: Sequence[int | None], texts: Sequence[str], span: Span) -> list[int]:
    """Return a start for each word, never before that of the word before it."""
    starts: list[int] = []
    for first, after in _runs(told):
        from_ms = told[first]
        reached_ms = starts[-1] if starts else span.start_ms
        from_ms = min(max(span.start_ms if from_ms is None else from_ms, reached_ms), span.end_ms)
        next_ms = told[after] if after < len(told) else None
        until_ms = max(from_ms, min(span.end_ms, span.end_ms if next_ms is None else next_ms))
        starts.extend(_spread(texts[first:after], from_ms, until_ms))
    return starts


def _runs(told: Sequence[int | None]) -> Iterator[tuple[int, int]]:
    """Yield the places of words that share one told time: the first, and one past the last."""
    begins = [i for i, start_ms in enumerate(told) if i == 0 or start_ms is not None]
    yield from zip(begins, [*begins[1:], len(told)], strict=True)


def _spread(texts: Sequence[str], from_ms: int, until_ms: int) -> list[int]:
    longest = list(accumulate(map(_longest_ms, texts), initial=0))
    share = min(1.0, (until_ms - from_ms) / longest[-1])
    return [from_ms + int(reached * share) for reached in longest[:-1]]


def _longest_ms(text: str) -> int:
    return _WORD_MS + _CHARACTER_MS * text_width(text)
