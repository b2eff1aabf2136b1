"""Words of a stream with what the layout asks of them again and again."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.profile import ReadingProfile
from app.domain.transcript import Word
from app.services.layout.breaks import CONTEXT_WORDS, Break, break_at
from app.services.layout.layout_costs import MAX_WORD_MS, SILENCE_MS, inner_cost
from app.services.layout.line_breaks import LineBreaker
from app.services.layout.tokens import Token
from app.services.layout.width import text_width


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
    """

    word: Word
    kind: Break
    pause_ms: int
    is_edge: bool
    is_other_speaker: bool
    is_beginning: bool
    inner_cost: float
    last_ms: int

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
        self._language = language
        self._dashes = profile.speaker_dashes and profile.max_lines > 1
        self._waiting: list[Word] = []
        self._before: list[str] = []
        self._speaker: str | None = None
        self._ended_ms = 0

    def wait(self, word: Word) -> None:
        """Take a word, whose place depends on words after it."""
        self._waiting.append(word)

    def measure(self, *, is_end: bool) -> bool:
        """Append the next waiting word; False where it waits on.

        Args:
            is_end: whether no more words come.
        """
        if not self._waiting or (len(self._waiting) < CONTEXT_WORDS and not is_end):
            return False
        word = self._waiting.pop(0)
        after = [word.text, *(each.text for each in self._waiting[: CONTEXT_WORDS - 1])]
        context = [*self._before, *after]
        kind = break_at(context, len(self._before), self._language) if self._before else Break.BAD
        item = self._measured(word, kind)
        self.lines.add(Token(word.text, word.glued, text_width(word.text)), item.kind)
        self.items.append(item)
        self._before = [*self._before, word.text][-CONTEXT_WORDS:]
        return True

    def forget(self, count: int) -> None:
        """Forget the first words, so that indexes begin behind them."""
        self.lines.forget(count)
        del self.items[:count]

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
        )
