"""Baseline of translation: batches of 25 lines, each answered in one piece, as in most tools."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from openai import AsyncOpenAI

from bench.figure import BenchError

BATCH_LINES = 25

_RULES = (
    "Translate the subtitles into {into}. Answer with one JSON object: each line's number as a "
    "string and its translation."
)


@dataclass(frozen=True, slots=True)
class Timed:
    """Arrival of translated lines, in seconds since the request."""

    first_s: float
    all_s: float


async def translate_batched(url: str, lines: Sequence[str], into: str, in_flight: int) -> Timed:
    """Translate lines in batches of 25.

    Args:
        url: base address of the model server.
        lines: source texts, in order.
        into: the target language as the server wants it named.
        in_flight: requests at a time.

    Returns:
        When the first line could be shown, with its batch, and when all could.
    """
    limiter = asyncio.Semaphore(in_flight)
    done_s: dict[int, float] = {}
    started_s = time.monotonic()

    async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:

        async def ask(first: int) -> None:
            batch = lines[first : first + BATCH_LINES]
            async with limiter:
                await _ask(client, batch, into)
            done_s[first] = time.monotonic() - started_s

        await asyncio.gather(*(ask(first) for first in range(0, len(lines), BATCH_LINES)))
    return Timed(done_s[0], max(done_s.values()))


async def _ask(client: AsyncOpenAI, batch: Sequence[str], into: str) -> None:
    document = {"into": into, "lines": {str(n): text for n, text in enumerate(batch, start=1)}}
    answer = await client.chat.completions.create(
        model="bench",
        messages=[
            {"role": "system", "content": _RULES.format(into=into)},
            {
                "role": "user",
                "content": f"<subtitles>\n{json.dumps(document, ensure_ascii=False)}\n</subtitles>",
            },
        ],
        response_format={"type": "json_object"},
    )
    translated = json.loads(answer.choices[0].message.content or "{}")
    if len(translated) != len(batch):
        raise BenchError("the model server answered too few lines")
