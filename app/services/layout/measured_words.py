"""Words of a stream with what the layout asks of them again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.domain.profile import ReadingProfile
from app.domain.text import ends_clause
from app.domain.time import Span
from app.domain.transcript import Word
from app.services.layout.breaks import CONTEXT_WORDS, Break, break_at
from app.services.layout.layout_costs import MAX_WORD_MS, SILENCE_MS, inner_cost
from app.services.layout.line_breaks import LineBreaker
from app.services.layout.segment_words import share_span
from app.services.layout.sentence_starts import may_start_sentence
from app.services.layout.speaker_identification import is_speaker_label
from app.services.layout.tokens import Token, cut_text, may_part
from app.services.layout.width import text_width

_OPENING = "«‹„“‘([{¿¡「『（【〈《"
_CLOSING = "»›”’)]}」』）】〉》.,;:!?…。、，！？：；؟،"
"""Marks that some transcribers and French spelling part from the words that they belong to. Notes
and straight quotation marks open as well as they close."""

_LONGEST_OPENING = 20
"""How many opening marks wait for their word at most: captions open with three or four."""

_UNMARKED_WORDS = 20
"""Words without a mark behind which a text counts as one that has none: few sentences of speech are
as long without a comma."""


@dataclass(frozen=True, slots=True)
class MeasuredWord:
    """A word, and the place before it.

    Attributes:
        word: no wider than a line.
        kind: of the place.
        pause_ms: silence before it.
        is_edge: whether every cue ends at the place.
        is_other_speaker: whether another speaker begins.
        is_beginning: whether a sentence begins, as far as it can be told.
        inner_cost: cost of the place within a cue.
        last_ms: end of the word where it is a cue's last; a stretched one is cut.
        untimed_columns: width of a word without a duration; 0 of others, and of labels.
    """

    word: Word
    kind: Break
    pause_ms: int
    is_edge: bool
    is_other_speaker: bool
    is_beginning: bool
    inner_cost: float
    last_ms: int
    untimed_columns: int

    @property
    def start_ms(self) -> int:
        """Start of the word."""
        return self.word.span.start_ms


class MeasuredWords:
    """Words in order, the first of which may be forgotten.

    Args:
        profile: limits of text.
        language: BCP 47 tag of the words.
    """

    def __init__(self, profile: ReadingProfile, language: str) -> None:
        self.lines = LineBreaker(profile.max_line_chars)
        self.items: list[MeasuredWord] = []
        self._max_width = profile.max_line_chars
        self._language = language
        self._dashes = profile.speaker_dashes and profile.max_lines > 1
        self._waiting: list[Word] = []
        self._before: list[str] = []
        self._is_behind_label = False
        self._speaker: str | None = None
        self._ended_ms = 0
        self._unmarked = 0

    def wait(self, word: Word) -> None:
        """Take a word, whose place depends on words after it.

        One that is glued to the word before, where no line may break, is one word with it. Marks
        that stand alone are not said: what they close has ended, what they open begins behind them.
        """
        if self._waiting:
            before = self._waiting[-1]
            ended_ms = before.span.start_ms + min(before.span.duration_ms, MAX_WORD_MS)
            if _has_only(word, _CLOSING) and ended_ms < word.span.start_ms:
                word = replace(word, span=Span(ended_ms, ended_ms))
            elif not _has_only(word, _OPENING):
                self._open_at(word.span.start_ms)
        if self._waiting and _is_one(self._waiting[-1], word):
            self._waiting.extend(_joined(self._waiting.pop(), word, self._max_width))
        else:
            self._waiting.append(word)

    def measure(self, *, is_end: bool) -> bool:
        """Append the next waiting word; False where it waits on.

        Args:
            is_end: whether no more words come.
        """
        if not self._waiting or (not is_end and (self._is_context_short or self._has_opened)):
            return False
        word = self._waiting.pop(0)
        after = [word.text, *(each.text for each in self._waiting[: CONTEXT_WORDS - 1])]
        context = [*self._before, *after]
        kind = Break.BAD
        if self._before and not self._is_behind_label:
            kind = break_at(context, len(self._before), self._language)
        self._is_behind_label = is_speaker_label(word)
        item = self._measured(word, kind)
        self.lines.add(Token(word.text, word.glued, text_width(word.text)), item.kind)
        if self._may_start_sentence(item.kind, context):
            item = replace(item, kind=Break.CLAUSE)
        self.items.append(item)
        self._before = [*self._before, word.text][-CONTEXT_WORDS:]
        return True

    @property
    def _is_context_short(self) -> bool:
        return len(self._waiting) < CONTEXT_WORDS

    @property
    def _has_opened(self) -> bool:
        """Whether all that waits are marks, which begin with the word that they open."""
        is_run = len(self._waiting) <= _LONGEST_OPENING
        return is_run and all(_has_only(word, _OPENING) for word in self._waiting)

    def _open_at(self, start_ms: int) -> None:
        """Move the marks that open the next word to its start."""
        for index in reversed(range(len(self._waiting))):
            mark = self._waiting[index]
            if not _has_only(mark, _OPENING):
                return
            self._waiting[index] = replace(mark, span=Span(start_ms, start_ms))

    def forget(self, count: int) -> None:
        """Forget the first words, so that indexes begin behind them."""
        self.lines.forget(count)
        del self.items[:count]

    def _may_start_sentence(self, kind: Break, context: list[str]) -> bool:
        """Whether a sentence may start with the newest word, in a text that shows none."""
        self._unmarked = 0 if self._before and ends_clause(self._before[-1]) else self._unmarked + 1
        if self._unmarked <= _UNMARKED_WORDS or not Break.CLAUSE < kind < Break.BAD:
            return False
        return may_start_sentence(context, len(self._before), self._language)

    def _measured(self, word: Word, kind: Break) -> MeasuredWord:
        pause_ms = 0
        if self._before:
            pause_ms = max(0, word.span.start_ms - self._ended_ms)
        is_other = bool(self._before) and None not in (self._speaker, word.speaker)
        is_other = is_other and word.speaker != self._speaker
        is_silent = pause_ms >= SILENCE_MS
        self._speaker = word.speaker if is_other or is_silent else self._speaker or word.speaker
        self._ended_ms = word.span.end_ms
        if is_other:
            kind = Break.SENTENCE
        return MeasuredWord(
            word,
            kind,
            pause_ms,
            is_silent or (is_other and not self._dashes),
            is_other,
            not self._before or is_silent or kind is Break.SENTENCE,
            inner_cost(kind, pause_ms, is_other_speaker=is_other),
            word.span.start_ms + min(word.span.duration_ms, MAX_WORD_MS),
            0 if word.span.duration_ms or is_speaker_label(word) else text_width(word.text),
        )


def _has_only(word: Word, marks: str) -> bool:
    return all(char in marks for char in word.text)


def _is_one(before: Word, word: Word) -> bool:
    is_near = word.span.start_ms - before.span.end_ms < SILENCE_MS
    is_same = None in (before.speaker, word.speaker) or before.speaker == word.speaker
    return word.glued and is_near and is_same and not may_part(before.text[-1], word.text[0])


def _joined(before: Word, word: Word, max_width: int) -> Iterator[Word]:
    """Yield two words as one, cut where that is wider than a line."""
    pieces = list(cut_text(before.text + word.text, max_width))
    span = Span(before.span.start_ms, max(before.span.end_ms, word.span.end_ms))
    whole = replace(
        before,
        confidence=(before.confidence + word.confidence) / 2,
        speaker=before.speaker or word.speaker,
    )
    for index, (text, own) in enumerate(zip(pieces, share_span(span, pieces), strict=True)):
        yield replace(whole, text=text, span=own, glued=index > 0 or before.glued)
