"""Lines with their right translations for the ablation of checks."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.domain.language import Language
from app.services.translation.providers.apertium import ApertiumTranslator
from app.services.translation.translator import LanguagePair, SourceLine
from app.settings import Settings
from bench.speech import SENTENCES
from tests.chat_server import shout

_WHO = "the old teacher, my younger brother, a man in the street, our neighbors, nobody, the doctor"
_DID = "has seen, remembers, told me about, was waiting for, would never forget, asked us for"
_WHAT = "the house by the river, {n} of the letters, a long story, that morning, the last train"
_WHEN = "before the war, when it rained, in {n}, every single day, last winter, without a word"

_SHORT = (
    "Good night, everybody.",
    "I do not know.",
    "Where is the house?",
    "He left yesterday.",
    "Wait a moment.",
    "What do you want?",
    "Come here, please.",
    "It is too late.",
    "Not today.",
    "She is my sister.",
    "Who opened the door?",
    "I am very tired.",
    "We have no bread.",
    "That is not true.",
    "Are you sure?",
    "Look at the sky.",
    "My father is at home.",
    "Thank you.",
    "You are right.",
    "Nobody came.",
    "How much is it?",
    "The water is cold.",
    "Let us go now.",
    "I saw him first.",
    "Close the window.",
    "Do you hear that?",
    "It was a dream.",
    "Run!",
    "They are friends.",
    "I want to sleep.",
    "Tell me the truth.",
    "When does it begin?",
    "Why?",
    "The road is closed.",
    "He has three dogs.",
    "Say it again.",
    "Call the doctor.",
    "Yes.",
)
"""Short lines of a conversation."""

_YEARS = (
    *_SHORT[:14],
    "It was 1912.",
    "We are 14.",
    "At 7, then.",
    "That was 30 euros.",
    "He is 52.",
    "Room 308.",
    "Only 12 came.",
    "In 1984?",
    "Bus 19.",
    "Take 2 of them.",
    "Page 77.",
    "By 10.",
)
"""Short lines, some of them with a number."""

_TWINS = (
    "I am not very sure of that.",
    "I'm not very sure of that.",
    "He is at home every day.",
    "He's at home every day.",
    "We do not know the answer.",
    "We don't know the answer.",
    "They are in the house.",
    "They're in the house.",
    "It is cold in the kitchen.",
    "It's cold in the kitchen.",
    "She is the best doctor.",
    "She's the best doctor.",
)
"""Different lines with the same translation."""

_MIXED = ("short", "long", "numbers")

_LONG = 300
"""Made sentences."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Lines in one language with their right translations into another.

    Attributes:
        right: translation by line.
        groups: lines by kind: ``short``, ``long``, ``numbers``.
    """

    source: str
    target: str
    right: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def batch(self, kind: str, size: int, dice: random.Random) -> list[str]:
        """Return different lines of a kind, or of all kinds for ``mixed``."""
        kinds = _MIXED if kind == "mixed" else (kind,)
        pool = [line for each in kinds for line in self.groups[each]]
        return dice.sample(pool, min(size, len(pool)))


async def material() -> dict[str, Pairs]:
    """Return pairs by target: real translations for Spanish and English, made ones otherwise."""
    groups = {
        "short": _SHORT,
        "years": _YEARS,
        "twins": _TWINS,
        "long": (*SENTENCES, *_made(numbers=False)),
        "numbers": _made(numbers=True),
    }
    lines = [line for group in groups.values() for line in group]
    spanish = await _spanish(lines)
    pairs = {"es": Pairs("en", "es", spanish, groups)}
    for target, name in (("ru", "Russian (ru)"), ("ja", "Japanese (ja)")):
        pairs[target] = Pairs("en", target, {line: shout(line, name) for line in lines}, groups)
    back = {text: line for line, text in spanish.items()}
    turned = {
        kind: tuple(dict.fromkeys(spanish[line] for line in group))
        for kind, group in groups.items()
    }
    pairs["en"] = Pairs("es", "en", back, turned)
    return pairs


def _made(*, numbers: bool) -> tuple[str, ...]:
    dice = random.Random(11)
    made: dict[str, None] = {}
    while len(made) < _LONG:
        parts = [dice.choice(kind.split(", ")) for kind in (_WHO, _DID, _WHAT, _WHEN)]
        text = " ".join(parts)
        if ("{n}" in text) is numbers:
            text = text.replace("{n}", str(dice.randrange(2, 2000)))
            made[f"{text[0].upper()}{text[1:]}{dice.choice('.....?!')}"] = None
    return tuple(made)


async def _spanish(lines: list[str]) -> dict[str, str]:
    translator = ApertiumTranslator(Settings())
    sources = [SourceLine(number, line) for number, line in enumerate(lines)]
    pair = LanguagePair(Language("en"), Language("es"))
    return {lines[n]: text async for n, text in translator.translate(sources, pair, ())}
