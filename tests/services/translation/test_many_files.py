"""Hundreds of subtitle files by a model that errs in a fifth of its answers: real HTTP."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pysubs2

from app.services.translation.llm.chat_translator import ChatTranslator
from tests.chat_behaviours import faulty
from tests.chat_server import ChatServer, shout
from tests.chatting import lines_of, pair, translated, translator_at

FILES = 240
TARGETS = ("es", "de", "ru", "ja")
IN_FLIGHT = 8

WHO = "the old teacher, my younger brother, a man in the street, our neighbors, nobody, the doctor"
DID = "has seen, remembers, told me about, was waiting for, would never forget, asked us for"
WHAT = "the house by the river, {n} of the letters, a long story, that morning, the last train"
WHEN = "before the war, when it rained, in {n}, every single day, last winter, without a word"


def files() -> Iterator[str]:
    """Yield files as their text: three to fourteen lines, some short, some with numbers."""
    dice = random.Random(11)
    for _ in range(FILES):
        file = pysubs2.SSAFile()
        for place in range(dice.randrange(3, 15)):
            start_ms = 3000 * place
            file.append(pysubs2.SSAEvent(start_ms, start_ms + 2500, _sentence(dice)))
        yield file.to_string("srt")


def _sentence(dice: random.Random) -> str:
    kinds = [WHO, DID, WHAT, WHEN]
    parts = [dice.choice(kind.split(", ")) for kind in kinds[: dice.choice((3, 4, 4))]]
    text = " ".join(parts).replace("{n}", str(dice.randrange(2, 2000)))
    return f"{text[0].upper()}{text[1:]}{dice.choice('.....?!')}"


async def test_no_line_is_lost_and_none_is_shifted() -> None:
    texts = [[event.plaintext for event in pysubs2.SSAFile.from_string(file)] for file in files()]
    with ChatServer(chunk_chars=400) as server:
        server.behaviour = faulty(0.2, 5)
        translator = translator_at(server, concurrency=IN_FLIGHT, attempts=6)
        waiting = list(enumerate(texts))
        made: dict[int, list[str]] = {}
        await asyncio.gather(*(_work(translator, waiting, made) for _ in range(IN_FLIGHT)))
        await translator.close()
    assert len(made) == FILES
    wrong = [
        (number, text, said)
        for number, lines in enumerate(texts)
        for text, said in zip(lines, made[number], strict=True)
        if said != shout(text, f"({_target(number)})")
    ]
    assert wrong == []


async def _work(
    translator: ChatTranslator, waiting: list[tuple[int, list[str]]], made: dict[int, list[str]]
) -> None:
    while waiting:
        number, texts = waiting.pop()
        found = await translated(translator, lines_of(*texts), pair(_target(number)))
        made[number] = [found[place] for place in range(len(texts))]


def _target(number: int) -> str:
    return TARGETS[number % len(TARGETS)]
