"""Simulated mistakes of language models, one kind at a time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests import chat_behaviours as b
from tests.chat_server import shout

ALWAYS = 1000
"""More answers than any batch gets."""

_SPANISH_PHRASE = "Como modelo de lenguaje no puedo traducir eso."


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of mistake.

    Attributes:
        name: for the table.
        make: makes the behaviour of one answer.
        target: language of the request.
        lines: kind of the requested lines, or ``mixed``.
        answers: so many answers for a batch are wrong, the first ones.
    """

    name: str
    make: Callable[[random.Random], b.Behaviour]
    target: str = "es"
    lines: str = "mixed"
    answers: int = 1


def _at(place: Callable[[str], b.Behaviour]) -> Callable[[random.Random], b.Behaviour]:
    """Return what makes a mistake at a random line."""

    def make(dice: random.Random) -> b.Behaviour:
        pick = dice.random()

        def behave(call: b.Call, reply: b.Reply) -> b.Reply:
            keys = list(call.lines)
            return place(keys[int(pick * len(keys))])(call, reply)

        return behave

    return make


def _pair(place: Callable[[str, str], b.Behaviour]) -> Callable[[random.Random], b.Behaviour]:
    """Return what makes a mistake at a random line and the one after it."""

    def make(dice: random.Random) -> b.Behaviour:
        pick = dice.random()

        def behave(call: b.Call, reply: b.Reply) -> b.Reply:
            if len(call.lines) < 2:
                return reply
            first = int(pick * (len(call.lines) - 1)) + 1
            return place(str(first), str(first + 1))(call, reply)

        return behave

    return make


def _any(behaviour: b.Behaviour) -> Callable[[random.Random], b.Behaviour]:
    def safe(call: b.Call, reply: b.Reply) -> b.Reply:
        return behaviour(call, reply) if len(call.lines) > 1 else reply

    return lambda dice: safe


def _swapped(first: str, second: str) -> b.Behaviour:
    """Give two neighbours each other's translation."""

    def behave(call: b.Call, reply: b.Reply) -> b.Reply:
        texts = dict(reply.members)
        turned = {first: texts[second], second: texts[first]}
        members = tuple((key, turned.get(key, text)) for key, text in reply.members)
        return replace(reply, members=members)

    return behave


def _skipping_and_inventing(key: str) -> b.Behaviour:
    """Skip a line, move up all that follow, and invent one for the place at the end."""

    def behave(call: b.Call, reply: b.Reply) -> b.Reply:
        texts = [text for _, text in reply.members]
        place = int(key) - 1
        moved = [*texts[:place], *texts[place + 1 :], "Y eso es todo por hoy."]
        return replace(reply, members=tuple((str(n), text) for n, text in enumerate(moved, 1)))

    return behave


def _merged_and_moved(key: str) -> b.Behaviour:
    """Merge a line with the next, move up all that follow, and leave out the last number."""

    def behave(call: b.Call, reply: b.Reply) -> b.Reply:
        texts = [text for _, text in reply.members]
        place = min(int(key) - 1, len(texts) - 2)
        if place < 0:
            return reply
        moved = [*texts[:place], f"{texts[place]} {texts[place + 1]}", *texts[place + 2 :]]
        return replace(reply, members=tuple((str(n), text) for n, text in enumerate(moved, 1)))

    return behave


def _with(change: Callable[[b.Call, str, str], str]) -> Callable[[str], b.Behaviour]:
    """Return what changes one line's text."""

    def place(key: str) -> b.Behaviour:
        def behave(call: b.Call, reply: b.Reply) -> b.Reply:
            members = tuple(
                (k, change(call, k, text) if k == key else text) for k, text in reply.members
            )
            return replace(reply, members=members)

        return behave

    return place


def _copied_all(call: b.Call, reply: b.Reply) -> b.Reply:
    return b.copied(*call.lines)(call, reply)


def _copied_but_one_word(call: b.Call, key: str, text: str) -> str:
    """Leave a line untranslated up to its last word."""
    words = call.lines[key].split()
    return " ".join([*words[:-1], text.split()[-1]])


def _rambling(call: b.Call, key: str, text: str) -> str:
    return f"{text} {' '.join(reversed(text.split()))} y además muchas cosas más que nadie dijo" * 3


def _repeating_prompt(call: b.Call, key: str, text: str) -> str:
    start = len(key) * 40 % 200
    return call.system[start : start + 90]


def _with_fence(call: b.Call, key: str, text: str) -> str:
    return f"<subtitles>{text}"


def _skip_one(key: str) -> b.Behaviour:
    return b.skipping(key)


def _repeat_next(first: str, second: str) -> b.Behaviour:
    return b.repeated(first, second)


def _repeat_far(key: str) -> b.Behaviour:
    def behave(call: b.Call, reply: b.Reply) -> b.Reply:
        longest = max(call.lines, key=lambda other: len(call.lines[other]))
        others = [other for other in call.lines if other != longest]
        if not others:
            return reply
        return b.repeated(key if key != longest else others[0], longest)(call, reply)

    return behave


def _boilerplate(share: float) -> Callable[[random.Random], b.Behaviour]:
    """Answer some lines, always the same ones, with one sentence that translates none."""

    def make(dice: random.Random) -> b.Behaviour:
        salt = dice.random()

        def behave(call: b.Call, reply: b.Reply) -> b.Reply:
            hit = {
                key
                for key, text in call.lines.items()
                if random.Random(f"{salt} {text}").random() < share
            }
            members = tuple((k, _SPANISH_PHRASE if k in hit else v) for k, v in reply.members)
            return replace(reply, members=members)

        return behave

    return make


def _language(tag: str, share: float = 1.0) -> Callable[[random.Random], b.Behaviour]:
    """Answer in another language: the whole, or about that share of the lines."""

    def make(dice: random.Random) -> b.Behaviour:
        salt = dice.random()

        def behave(call: b.Call, reply: b.Reply) -> b.Reply:
            members = tuple(
                (
                    key,
                    shout(call.lines[key], f"({tag})").partition("] ")[2]
                    if random.Random(f"{salt} {call.lines[key]}").random() < share
                    else text,
                )
                for key, text in reply.members
            )
            return replace(reply, members=members)

        return behave

    return make


def _duplicated(key: str) -> b.Behaviour:
    """Give one number twice and shift what follows, so that the last number is left out."""

    def behave(call: b.Call, reply: b.Reply) -> b.Reply:
        texts = [text for _, text in reply.members]
        place = min(int(key) - 1, len(texts) - 2)
        if place < 0:
            return reply
        numbers = [str(n if n <= place + 1 else n - 1) for n in range(1, len(texts) + 1)]
        return replace(reply, members=tuple(zip(numbers, texts, strict=True)))

    return behave


FAULTS: tuple[Fault, ...] = (
    Fault("none", lambda dice: b.fine),
    Fault("none, short lines", lambda dice: b.fine, lines="short"),
    Fault("none, numbers", lambda dice: b.fine, lines="numbers"),
    Fault("none, same translations", lambda dice: b.fine, lines="twins"),
    Fault("none, ja", lambda dice: b.fine, "ja"),
    Fault("none, en", lambda dice: b.fine, "en"),
    Fault("empty", _at(b.empty)),
    Fault("empty, short", _at(b.empty), lines="short"),
    Fault("dropped", _at(b.drop)),
    Fault("merged", _pair(b.merge)),
    Fault("merged, numbers", _pair(b.merge), lines="numbers"),
    Fault("merged, short numbers", _pair(b.merge), lines="years"),
    Fault("merged and moved up", _at(_merged_and_moved)),
    Fault("merged and moved up, short", _at(_merged_and_moved), lines="short"),
    Fault("moved down", _any(b.moved_down)),
    Fault("skipped, last said twice", _at(_skip_one)),
    Fault("skipped, last said twice, short", _at(_skip_one), lines="short"),
    Fault("skipped, last invented", _at(_skipping_and_inventing)),
    Fault("skipped, last invented, numbers", _at(_skipping_and_inventing), lines="numbers"),
    Fault("skipped, last invented, short", _at(_skipping_and_inventing), lines="short"),
    Fault("number given twice", _at(_duplicated)),
    Fault("answered twice", _at(b.duplicate)),
    Fault("swapped", _pair(_swapped)),
    Fault("swapped, numbers", _pair(_swapped), lines="numbers"),
    Fault("another's text, neighbour", _pair(_repeat_next), lines="long"),
    Fault("another's text, far", _at(_repeat_far), lines="long"),
    Fault("another number", _pair(lambda one, two: b.rename(one, two))),
    Fault("copied, one", _at(b.copied)),
    Fault("copied, one short", _at(b.copied), lines="short"),
    Fault("copied, all", _any(_copied_all)),
    Fault("copied, all, ja", _any(_copied_all), "ja"),
    Fault("copied but a word", _at(_with(_copied_but_one_word)), lines="long"),
    Fault("other language, all", _language("fr")),
    Fault("other language, all short", _language("fr"), lines="short"),
    Fault("other language, near", _language("it")),
    Fault("other language, a quarter", _language("fr", 0.25)),
    Fault("other language, half, short", _language("de", 0.5), lines="short"),
    Fault("Chinese for Japanese", _language("zh"), "ja"),
    Fault("Latin letters for Russian", _language("es"), "ru"),
    Fault("Arabic for Spanish, short", _language("ar"), lines="short"),
    Fault("Arabic for Spanish, some", _language("ar", 0.2), lines="short"),
    Fault("far too long", _at(_with(_rambling))),
    Fault("far too short", _at(_with(lambda call, key, text: "Sí.")), lines="long"),
    Fault("prompt repeated", _at(_with(_repeating_prompt)), "en"),
    Fault("fence repeated", _at(_with(_with_fence)), "es"),
    Fault("boilerplate, all", _boilerplate(1.0), answers=ALWAYS),
    Fault("boilerplate, a third", _boilerplate(0.34), answers=ALWAYS),
    Fault("boilerplate, a tenth", _boilerplate(0.1), answers=ALWAYS),
    Fault("OK, always", lambda dice: b.obeys("OK"), answers=ALWAYS),
    Fault("other language, always", _language("fr"), answers=ALWAYS),
    Fault("other language, short, always", _language("fr"), lines="short", answers=ALWAYS),
    Fault("copied, always", _any(_copied_all), lines="long", answers=ALWAYS),
    Fault("skipped, last invented, twice", _at(_skipping_and_inventing), answers=2),
    Fault("skipped, last said twice, twice", _at(_skip_one), answers=2),
    Fault("merged, twice", _pair(b.merge), answers=2),
    Fault("swapped, twice", _pair(_swapped), answers=2),
    Fault("other language, short, twice", _language("fr"), lines="short", answers=2),
    Fault("copied, all short", _any(_copied_all), lines="short"),
    Fault("cut in the middle", lambda dice: b.cut("disconnect", dice.randrange(20, 120))),
    Fault("broken JSON", lambda dice: b.invalid),
)
