"""Times for the words of a given text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.time import Span
from app.domain.transcript import Word
from app.services.layout.tokens import Token, tokenize
from app.services.retiming.word_matching import Anchor, WordMatch, confidence_of, match_words

_CHAR_MS = 60
"""Time of a letter that nothing is known of. Source: some 15 letters a second are spoken, see
Netflix's 17 to 20 characters a second for subtitles of speech."""


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A text with a time for each word.

    Attributes:
        paragraphs: words of each paragraph that was given.
        match: how it lies in the transcript.
        known: words whose own time was found; the others lie between them.
    """

    paragraphs: tuple[tuple[Word, ...], ...]
    match: WordMatch
    known: int

    @property
    def words(self) -> int:
        """Number of all words."""
        return sum(map(len, self.paragraphs))

    @property
    def confidence(self) -> float:
        """How sure it is that the text is what is said, and all of it, 0..1.

        Most of a text that goes on far beyond its recording has no time in it.
        """
        known_share = self.known / self.words if self.words else 0.0
        return min(self.match.confidence, confidence_of(known_share))


def align_text(paragraphs: Sequence[str], heard: Sequence[Word], length_ms: int) -> AlignedText:
    """Return the words of a text with the times at which they are said.

    Args:
        paragraphs: of the text, or one for each cue.
        heard: transcribed words in order.
        length_ms: of the recording.

    Returns:
        Every word once, in order. One that was not transcribed lies between its neighbours, in
        proportion to its letters.
    """
    tokens = [tokenize(text) for text in paragraphs]
    flat = [token for own in tokens for token in own]
    match = match_words([token.text for token in flat], heard)
    spans = _spans(flat, match.anchors, length_ms)
    words = [
        Word(token.text, span, glued=token.glued) for token, span in zip(flat, spans, strict=True)
    ]
    parts: list[tuple[Word, ...]] = []
    begin = 0
    for own in tokens:
        parts.append(tuple(words[begin : begin + len(own)]))
        begin += len(own)
    return AlignedText(tuple(parts), match, len(match.anchors))


def _spans(tokens: Sequence[Token], anchors: Sequence[Anchor], length_ms: int) -> list[Span]:
    """Return a span for each token: those of the anchors, and what lies between them."""
    spans: list[Span] = []
    reached_ms = 0
    for anchor in anchors:
        spans += _between(
            tokens[len(spans) : anchor.place], reached_ms, anchor.span.start_ms, first=not spans
        )
        start_ms = max(reached_ms, anchor.span.start_ms)
        spans.append(Span(start_ms, max(start_ms, anchor.span.end_ms)))
        reached_ms = spans[-1].end_ms
    rest = tokens[len(spans) :]
    need_ms = _CHAR_MS * sum(len(token.text) for token in rest)
    until_ms = max(reached_ms, min(length_ms, reached_ms + need_ms))
    return [*spans, *_between(rest, reached_ms, until_ms, first=False)]


def _between(tokens: Sequence[Token], from_ms: int, until_ms: int, *, first: bool) -> list[Span]:
    """Divide time among words by their letters; those ahead of all known ones end with it."""
    total = sum(max(1, len(token.text)) for token in tokens)
    until_ms = max(from_ms, until_ms)
    if first:
        from_ms = max(from_ms, until_ms - _CHAR_MS * total)
    spans: list[Span] = []
    done = 0
    for token in tokens:
        start_ms = from_ms + (until_ms - from_ms) * done // max(1, total)
        done += max(1, len(token.text))
        end_ms = from_ms + (until_ms - from_ms) * done // max(1, total)
        spans.append(Span(start_ms, end_ms))
    return spans
