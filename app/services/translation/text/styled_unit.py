"""Style and speakers' lines of a unit, on their way through its translation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from app.domain.cue import Cue
from app.domain.dialogue_turns import speaker_dash, turns_like
from app.domain.style import (
    PLAIN,
    InlineStyle,
    Runs,
    StyleRun,
    common_style,
    divided,
    ink_length,
    joined,
    layered,
    part,
    pieces_of,
    remainder,
)
from app.services.layout.laid_out_cue import dialogue_dashes
from app.services.translation.text.style_tags import TaggedText, tagged, untagged
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.wordless import is_wordless


@dataclass(frozen=True, slots=True)
class _Turn:
    """One speaker's line of a cue, or the whole cue.

    Attributes:
        base: style of the whole line.
        rest: what parts of it have besides.
    """

    text: str
    base: InlineStyle
    rest: Runs


_DUAL = 2
"""Turns of a cue that two speakers share."""


@dataclass(frozen=True, slots=True)
class StyledUnit:
    """The cues of a unit with what must not be lost of them.

    Attributes:
        cues: in order.
        text: their texts as one, with line breaks between speakers' turns.
        sent: what the translator gets.
    """

    cues: tuple[Cue, ...]
    text: str
    sent: TaggedText

    @classmethod
    def of(cls, cues: tuple[Cue, ...], text: str, *, keeps_tags: bool) -> StyledUnit:
        """Return a unit.

        Args:
            cues: in order.
            text: their texts as one.
            keeps_tags: whether the translator returns the tags of a line.
        """
        runs = _partial_runs(cues) if keeps_tags and not is_wordless(text) else ()
        return cls(cues, text, tagged(text, runs))

    def translated(
        self, answer: str, distributor: TranslationDistributor
    ) -> tuple[list[Cue], list[Cue]]:
        """Return the cues with their part of an answer, and those that lost a style.

        What a whole cue, or a whole line of a speaker, looks like, its translation looks like too.
        The style of a part follows the tags; without usable tags it stays with words that the
        answer repeats, as names are, and is lost otherwise.
        """
        text, runs = untagged(answer, self.sent)
        if runs is None or not self.sent.styles:
            runs = _repeated(text, self.text, _partial_runs(self.cues))
        text, runs = _as_turns(text, runs, self.text, _dialogue_dashes(self.text, distributor))
        flat = " ".join(text.split("\n"))
        pieces = distributor.divide(flat, self.cues)
        is_repeated = len(pieces) > 1 and all(piece == flat for piece in pieces)
        own = [runs] * len(pieces) if is_repeated else divided(runs, pieces)
        lines = [text] * len(pieces) if is_repeated else _broken_like(pieces, text)
        cues = [
            replace(cue, translation=piece, translation_runs=_styled(cue, piece, found))
            for cue, piece, found in zip(self.cues, lines, own, strict=True)
        ]
        return cues, self._unstyled_cues(runs)

    def _unstyled_cues(self, runs: Runs) -> list[Cue]:
        """Return the cues of which a part had a style that no part of the translation has."""
        found = {run.style for run in runs}
        return [
            cue
            for cue in self.cues
            if any(run.style not in found for turn in _turns(cue) for run in turn.rest)
        ]


def _turns(cue: Cue) -> list[_Turn]:
    texts = cue.text.split("\n")
    found: list[_Turn] = []
    for text, runs in zip(texts, divided(cue.runs, texts), strict=True):
        base = _spoken_style(text, runs)
        found.append(_Turn(text, base, remainder(runs, base)))
    return found


def _spoken_style(text: str, runs: Runs) -> InlineStyle:
    """Return what the words of a line have in common, whatever its dash and end marks look like."""
    if not runs:
        return PLAIN
    ink = "".join(text.split())
    words = [place for place, char in enumerate(ink) if char.isalnum()]
    start, end = (words[0], words[-1] + 1) if words else (0, len(ink))
    return common_style(part(runs, start, end), end - start)


def _partial_runs(cues: Sequence[Cue]) -> Runs:
    """Return the runs of parts of lines, counted in the text of all cues."""
    if not any(cue.runs for cue in cues):
        return ()
    return joined((turn.text, turn.rest) for cue in cues for turn in _turns(cue))


def _repeated(text: str, source: str, runs: Runs) -> Runs:
    """Return the runs whose words stand in a translation as they did in the source, once.

    A translation that is the source, as it is where nothing was to be translated, has all of them.
    """
    if text.split() == source.split():
        return runs
    found: list[StyleRun] = []
    place = 0
    for piece, style in pieces_of(source, runs):
        start, place = place, place + ink_length(piece)
        here = [run for run in runs if run.start <= start < run.end]
        words = piece.strip()
        if here and words and text.count(words) == 1:
            at = ink_length(text[: text.index(words)])
            found.append(StyleRun(at, at + ink_length(words), style))
    found.sort(key=lambda run: run.start)
    return tuple(_without_overlaps(found))


def _without_overlaps(runs: Sequence[StyleRun]) -> Iterator[StyleRun]:
    """Yield runs that do not overlap those before them."""
    reached = 0
    for run in runs:
        if run.start >= reached:
            yield run
            reached = run.end


def _dialogue_dashes(source: str, distributor: TranslationDistributor) -> Sequence[str] | None:
    """Return what the turns of a translation begin with; None where they keep what they have.

    A profile with dashes has those of the language that is written: French ones have a space where
    English ones have none.
    """
    turns = source.split("\n")
    dashes = [speaker_dash(turn) for turn in turns]
    if not distributor.profile.speaker_dashes or len(turns) != _DUAL or not any(dashes):
        return None
    if any(dash.startswith(">") for dash in dashes):
        return None
    return dialogue_dashes(distributor.tokenizer.language.tag)


def _as_turns(text: str, runs: Runs, source: str, dashes: Sequence[str] | None) -> tuple[str, Runs]:
    """Return a translation with a line for each turn of its source, and a dash where that has one.

    Where the translation has another number of turns its own line breaks stay.

    Args:
        text: the translation.
        runs: its styles.
        source: what it translates.
        dashes: of each turn, in place of those that it has; None for those of the source where the
            translation has none.
    """
    sources = source.split("\n")
    found = turns_like(text, len(sources))
    if len(found) != len(sources):
        return text, runs
    parts: list[tuple[str, Runs]] = []
    for at, (own, turn, styles) in enumerate(
        zip(sources, found, divided(runs, found), strict=True)
    ):
        written = speaker_dash(turn)
        dash = (written or speaker_dash(own)) if dashes is None else dashes[at]
        bare = turn[len(written) :]
        rest = part(styles, ink_length(written), ink_length(turn))
        ahead = part(styles, 0, ink_length(dash)) if dash == written else ()
        parts.append((f"{dash}{bare}", joined([(dash, ahead), (bare, rest)])))
    return "\n".join(turn for turn, _ in parts), joined(parts)


def _broken_like(pieces: Sequence[str], text: str) -> list[str]:
    """Return the pieces of a text with the line breaks that it has."""
    breaks: list[int] = []
    reached = 0
    for line in text.split("\n")[:-1]:
        reached += ink_length(line)
        breaks.append(reached)
    result: list[str] = []
    start = 0
    for piece in pieces:
        end = start + ink_length(piece)
        inside = [at - start for at in breaks if start < at < end]
        result.append(_with_breaks(piece, inside))
        start = end
    return result


def _with_breaks(piece: str, offsets: Sequence[int]) -> str:
    """Return a text with line breaks in place of the spaces at some ink offsets."""
    lines: list[str] = []
    begin = count = 0
    left = list(offsets)
    for place, char in enumerate(piece):
        count += not char.isspace()
        if left and count == left[0]:
            lines.append(piece[begin : place + 1].strip())
            begin = place + 1
            left.pop(0)
    return "\n".join([*lines, piece[begin:].strip()]) if offsets else piece


def _styled(cue: Cue, translation: str, runs: Runs) -> Runs:
    """Return the runs of a cue's translation: those of its parts within the style of the whole."""
    turns, lines = _turns(cue), translation.split("\n")
    if len(turns) == len(lines):
        styles = [turn.base for turn in turns]
    else:
        shared = reduce(InlineStyle.common, (turn.base for turn in turns))
        styles = [shared] * len(lines)
    parts = zip(lines, divided(runs, lines), styles, strict=True)
    return joined((line, layered(own, style, ink_length(line))) for line, own, style in parts)
