"""Tokens with times to words with times."""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.time import Span
from app.domain.transcript import Word
from app.gpu.engines.whisperx.decoder import TokenTimes
from app.gpu.engines.whisperx.vocabulary import Piece
from app.gpu.sentence_segments import ends_sentence

_UNSPACED = re.compile(
    "[\u0e01-\u0e2e\u0e40-\u0e44"  # Thai letters that a syllable may begin with
    "\u0e81-\u0eae\u0ec0-\u0ec4"  # Lao
    "\u1000-\u102a\u1780-\u17b3"  # Burmese, Khmer
    "\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters of scripts that put no blanks between words."""

_NEVER_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ々ー・ゝゞヽヾ")
"""Japanese characters that continue a word. Source: JIS X 4051, characters not at line start."""

_WIDE_OPENING = frozenset("「『（【《〈〔［")
_OPENING = frozenset("\"'“‘«‹([{¿¡-–—") | _WIDE_OPENING
_BROKEN = "\ufffd"

_LONGEST_MEDIAN_MS = 700
_LEAST_MS = 20


@dataclass(slots=True)
class _Group:
    """Pieces that make one word."""

    text: str
    first: int
    end: int
    glued: bool

    def takes(self, piece: Piece) -> bool:
        if _is_opening(self.text):
            return True
        if piece.text.startswith(" "):
            return _is_closing(piece.text)
        return not _starts_unspaced_word(piece.text)


def build_words(pieces: Sequence[Piece], times: TokenTimes, window: Span) -> list[Word]:
    """Return the words of one window.

    Args:
        pieces: its text, in order.
        times: of its tokens, from the window's start.
        window: its place in the recording.

    Returns:
        Words in order, none overlapping the next, all inside the window; without those whose
        characters are broken.
    """
    groups = [group for group in _grouped(pieces) if group.text.strip(f" {_BROKEN}")]
    raw = [(times.starts_ms[group.first], times.starts_ms[group.end]) for group in groups]
    texts = [group.text.replace(_BROKEN, "").strip() for group in groups]
    spans = _inside(_trimmed(texts, raw), window)
    return [
        Word(text, span, _mean(times.probabilities[group.first : group.end]), glued=group.glued)
        for text, span, group in zip(texts, spans, groups, strict=True)
    ]


def _grouped(pieces: Sequence[Piece]) -> list[_Group]:
    groups: list[_Group] = []
    for piece in pieces:
        if groups and groups[-1].takes(piece):
            groups[-1].text += piece.text
            groups[-1].end = piece.end
        else:
            spaced = piece.text.startswith(" ") or not _starts_unspaced_word(piece.text)
            groups.append(_Group(piece.text, piece.first, piece.end, glued=not spaced))
    return groups


def _is_opening(text: str) -> bool:
    marks = text.strip()
    return bool(marks) and all(mark in _OPENING for mark in marks)


def _is_closing(text: str) -> bool:
    marks = text.strip()
    return bool(marks) and all(
        unicodedata.category(mark) in {"Po", "Pe", "Pf"} and mark not in _OPENING for mark in marks
    )


def _starts_unspaced_word(text: str) -> bool:
    return text[0] in _WIDE_OPENING or (
        _UNSPACED.match(text) is not None and text[0] not in _NEVER_FIRST
    )


def _trimmed(texts: Sequence[str], spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Cut the silence that the alignment adds to words next to a pause.

    Source: openai/whisper timing.py, add_word_timestamps: beside the end of a sentence no word
    is longer than twice the median, which counts as 0.7 s at most.
    """
    lengths = [end - start for start, end in spans if end > start]
    longest = 2 * min(_LONGEST_MEDIAN_MS, int(statistics.median(lengths)) if lengths else 0)
    trimmed: list[tuple[int, int]] = []
    for index, (start, end) in enumerate(spans):
        if end - start <= longest:
            trimmed.append((start, end))
        elif index == 0 or ends_sentence(texts[index - 1]):
            trimmed.append((end - longest, end))
        elif index == len(spans) - 1 or ends_sentence(texts[index]):
            trimmed.append((start, start + longest))
        else:
            trimmed.append((start, end))
    return trimmed


def _inside(spans: Sequence[tuple[int, int]], window: Span) -> list[Span]:
    """Place spans in the recording: in order, at least 20 ms long where there is room."""
    placed: list[Span] = []
    earliest = window.start_ms
    for start, end in spans:
        from_ms = min(max(window.start_ms + start, earliest), window.end_ms)
        to_ms = min(max(window.start_ms + end, from_ms + _LEAST_MS), window.end_ms)
        placed.append(Span(from_ms, to_ms))
        earliest = to_ms
    return placed


def _mean(values: Sequence[float]) -> float:
    return min(1.0, max(0.0, statistics.fmean(values)))
