"""Timed words of a caption whose text is timed in part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.domain.time import Span
from app.domain.transcript import Word
from app.services.captions.caption_lines import CaptionLine, TimedLines
from app.services.layout.tokens import split_spaces, tokenize
from app.services.layout.width import text_width

_WORD_MS = 250
_CHARACTER_MS = 110
"""Longest duration of a word: a constant and an amount for each character, whatever silence
follows it. Half the speed of slow speech (some ten characters a second)."""


@dataclass(slots=True)
class _PartialWord:
    """A word while it is assembled; its parts may come from several runs."""

    parts: list[str]
    start_ms: int | None
    glued: bool

    @property
    def text(self) -> str:
        return "".join(self.parts)


def split_words(caption: TimedLines, until_ms: int) -> tuple[Word, ...]:
    """Return the words of a caption in order.

    Args:
        caption: text without a time of its own is spread between the times around it.
        until_ms: latest end of a word.
    """
    partial: list[_PartialWord] = []
    for line in caption.lines:
        _add_line(partial, line)
    texts = [word.text for word in partial]
    starts = _starts([w.start_ms for w in partial], texts, Span(caption.start_ms, until_ms))
    ends = [*starts[1:], until_ms]
    return tuple(
        Word(text, Span(start, min(end, start + _longest_ms(text))), glued=word.glued)
        for word, text, start, end in zip(partial, texts, starts, ends, strict=True)
    )


def _add_line(words: list[_PartialWord], line: CaptionLine) -> None:
    # A line break separates words, but in a script without spaces a word may continue after it.
    touches = bool(words) and _is_boundary(words[-1].parts[-1], line.text)
    for run in line.runs:
        touches = touches and not run.text[:1].isspace()
        for index, text in enumerate(split_spaces(run.text)):
            start_ms = run.start_ms if index == 0 else None
            glued = touches and index == 0
            if glued and not _is_boundary(words[-1].parts[-1], text):
                words[-1].parts.append(text)
            else:
                words.append(_PartialWord([text], start_ms, glued))
        touches = bool(words) and not run.text[-1:].isspace()


def _is_boundary(before: str, after: str) -> bool:
    """Whether two texts that touch are different words."""
    return len(tokenize(before[-1] + after[0])) > 1


def _starts(known_ms: Sequence[int | None], texts: Sequence[str], span: Span) -> list[int]:
    """Return a start for each word, never before that of the word before it."""
    starts: list[int] = []
    for first, after in _runs(known_ms):
        from_ms = known_ms[first]
        reached_ms = starts[-1] if starts else span.start_ms
        from_ms = min(max(span.start_ms if from_ms is None else from_ms, reached_ms), span.end_ms)
        next_ms = known_ms[after] if after < len(known_ms) else None
        until_ms = max(from_ms, min(span.end_ms, span.end_ms if next_ms is None else next_ms))
        starts.extend(_spread(texts[first:after], from_ms, until_ms))
    return starts


def _runs(known_ms: Sequence[int | None]) -> Iterator[tuple[int, int]]:
    """Yield the index ranges of words that share one known time: the first, one past the last."""
    begins = [i for i, start_ms in enumerate(known_ms) if i == 0 or start_ms is not None]
    yield from zip(begins, [*begins[1:], len(known_ms)], strict=True)


def _spread(texts: Sequence[str], from_ms: int, until_ms: int) -> list[int]:
    longest = list(accumulate(map(_longest_ms, texts), initial=0))
    share = min(1.0, (until_ms - from_ms) / longest[-1])
    return [from_ms + int(reached * share) for reached in longest[:-1]]


def _longest_ms(text: str) -> int:
    return _WORD_MS + _CHARACTER_MS * text_width(text)
