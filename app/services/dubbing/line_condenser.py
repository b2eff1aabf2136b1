"""Shorter translations of lines that are too long to be spoken in their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import structlog

from app.domain.errors import CuestreamError, TranslationIncompleteError
from app.domain.language import Language, known_language
from app.services.dubbing.spoken_lines import SpokenLine, speakable
from app.services.layout.width import text_width
from app.services.translation.quality.line_checks import find_defect, looks_foreign
from app.services.translation.text.figures import figures
from app.services.translation.translator import (
    LanguagePair,
    SourceLine,
    TranslationContext,
    Translator,
)
from app.system.async_iterators import close_stage

log = structlog.get_logger()

_TOLERATED = 1.15
"""What a translator tolerates over the room it is told, which a reader may; a voice may not."""


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line that takes longer than it may.

    Attributes:
        number: of the line.
        line: itself.
        room_ms: time that it has.
        chars_per_ms: width of text that its voice says in a millisecond at its own speed.
        speed_up: how much faster it may be spoken.
    """

    number: int
    line: SpokenLine
    room_ms: int
    chars_per_ms: float
    speed_up: float

    @property
    def room_chars(self) -> int:
        """Width of text that can be said in its time."""
        return int(self.room_ms * self.chars_per_ms * self.speed_up)


async def condensed_lines(
    lines: Sequence[LongLine],
    translator: Translator,
    target: Language,
    context: TranslationContext,
) -> Mapping[int, str]:
    """Return shorter translations by the numbers of their lines; others stay as they are.

    They are checked as every translation is: in the right language, with the figures of the source
    and the names that the translation had.

    Args:
        lines: too long.
        translator: gets the room of each.
        target: language of the translations.
        context: of the job.

    Raises:
        CuestreamError: the translator cannot be reached, or its budget is used up.
    """
    found: dict[int, str] = {}
    in_order = sorted(lines, key=lambda each: each.line.language)
    for language, group in groupby(in_order, key=lambda each: each.line.language):
        pair = LanguagePair(known_language(language), target)
        if not _is_served(translator, pair):
            continue
        batch = sorted(group, key=lambda each: each.number)
        for begin in range(0, len(batch), translator.batch_sizes[-1]):
            part = batch[begin : begin + translator.batch_sizes[-1]]
            found |= await _answers(part, translator, pair, context)
    return found


def _is_served(translator: Translator, pair: LanguagePair) -> bool:
    if pair.is_same:
        return False
    try:
        translator.check(pair)
    except CuestreamError as error:
        log.info("lines are not condensed", reason=error.message)
        return False
    return True


async def _answers(
    batch: Sequence[LongLine],
    translator: Translator,
    pair: LanguagePair,
    context: TranslationContext,
) -> dict[int, str]:
    by_number = {each.number: each for each in batch}
    lines = [
        SourceLine(each.number, each.line.source, max(1, int(each.room_chars / _TOLERATED)))
        for each in batch
    ]
    found: dict[int, str] = {}
    answers = translator.translate(lines, pair, (), context)
    try:
        async for number, text in answers:
            spoken = speakable(text)
            if number in by_number and is_shorter(by_number[number].line, spoken, pair):
                found[number] = spoken
    except TranslationIncompleteError as error:
        log.info("lines are not condensed", lines=len(error.missing))
    finally:
        await close_stage(answers)
    return found


def is_shorter(line: SpokenLine, text: str, pair: LanguagePair) -> bool:
    """Whether a text says the same as a line, with its figures and names, and is shorter."""
    kept = figures(line.source) & figures(line.text) <= figures(text)
    return (
        0 < text_width(text) < text_width(line.text)
        and kept
        and names_of(line) <= set(_words(text))
        and find_defect(line.source, text, pair, "") is None
        and not looks_foreign(text, pair.target)
    )


def names_of(line: SpokenLine) -> frozenset[str]:
    """Return the words in capitals that a line and its source share, as names are written.

    The first word of either has a capital in any case; in a language without capitals, and where a
    name is spelled in another way, there is nothing to compare.
    """
    source = {word for word in _words(line.source)[1:] if word[:1].isupper()}
    return frozenset(word for word in _words(line.text) if word in source and len(word) > 1)


def _words(text: str) -> list[str]:
    bare = "".join(char if char.isalnum() or char in "'’-" else " " for char in text)
    return bare.split()
