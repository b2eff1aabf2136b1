"""The translation stage over a thousand generated subtitle files: none lost, none shifted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

from app.domain.cue import Cue
from app.domain.time import Span
from app.services.translation.translator import SourceLine
from tests.services.stages.translating import ScriptedTranslator, Source, translated

_FILES = 1000
_ENDS = ["", "", ",", ".", "?", "…", "!"]
_SPEAKERS = [None, None, None, "SPEAKER_00", "SPEAKER_01"]
_LANGUAGES = ["en"] * 9 + ["es"]


def subtitle_file(rng: random.Random) -> list[Cue]:
    """Return a file's cues, in each word of which its cue's id stands."""
    cues: list[Cue] = []
    at_ms = 0
    for number in range(rng.randrange(1, 30)):
        start_ms = at_ms + rng.choice([0, 83, 83, 83, 400, 700, 5000])
        at_ms = start_ms + rng.randrange(200, 7000)
        words = [f"w{number}"] * rng.randrange(1, 12)
        text = rng.choice(["", "", "", "- "]) + " ".join(words) + rng.choice(_ENDS)
        text = rng.choice([text] * 9 + ["♪", "[Music]"])
        cues.append(
            Cue(
                number,
                Span(start_ms, at_ms),
                text,
                speaker=rng.choice(_SPEAKERS),
                language=rng.choice(_LANGUAGES),
            )
        )
    return cues


def in_any_order(rng: random.Random) -> ScriptedTranslator:
    async def answer(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in rng.sample(lines, len(lines)):
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(0)
            yield line.id, line.text.upper()

    translator = ScriptedTranslator(answer, concurrency=rng.randrange(1, 9))
    translator.batch_sizes = rng.choice([(1,), (2, 4), (4, 8, 16)])
    return translator


async def test_no_cue_is_lost_or_shifted_in_a_thousand_files():
    total = 0
    async with asyncio.timeout(240):
        for seed in range(_FILES):
            rng = random.Random(seed)
            cues = subtitle_file(rng)
            total += len(cues)
            out = [each async for each in translated(Source(cues), in_any_order(rng))]
            assert [(each.id, each.span, each.text) for each in out] == [
                (each.id, each.span, each.text) for each in cues
            ], seed
            check(cues, out, seed)
    assert total > 10_000


def check(cues: Sequence[Cue], out: Sequence[Cue], seed: int) -> None:
    """A cue shows nothing of a unit that is not its own, and all that was said is shown."""
    said = " ".join(each.text for each in cues).upper().split()
    shown = " ".join(
        (each.translation or "") if each.language != "es" else each.text.upper() for each in out
    ).split()
    assert shown == said, seed
    for mine in out:
        assert mine.translation, seed
        assert mine.translation.strip(), seed
        if mine.language == "es":
            assert mine.translation == mine.text, seed
        for word in mine.translation.upper().split():
            if word.startswith("W"):
                assert abs(int(word.strip("W,.?…!")) - mine.id) <= 3, seed
