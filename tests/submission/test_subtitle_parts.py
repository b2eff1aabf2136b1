"""The parts in which a queue gives subtitles."""

import asyncio
import itertools
from collections.abc import Sequence

from app.domain.cue import Cue
from app.domain.events import CuesReady, Done, Event, Result
from app.domain.request import JobRequest, SiteVideo
from app.domain.time import Span
from app.services.jobs.record import JobRecord
from app.services.jobs.runtime import JobRuntime
from app.submission.envelopes.subtitle_envelope import PART_CUES, followed_parts


async def _ignored(_: object) -> None: ...


async def _read(events: Sequence[Event], *, late: bool) -> list[object]:
    """Return the parts of a job read after its end, or as each event comes."""
    job = JobRuntime(JobRecord(JobRequest(SiteVideo("https://site.example/1")), id="a1"), 1.0)
    job.attach()
    parts: list[object] = []

    async def read() -> None:
        async for part in followed_parts(job, (), _ignored):
            parts.append(part)

    reading = None if late else asyncio.create_task(read())
    for event in events:
        job.log.append(event)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await (reading or read())
    job.detach()
    return parts


def test_the_parts_do_not_depend_on_when_they_are_read() -> None:
    cues = tuple(Cue(n, Span(n * 1000, n * 1000 + 900), f"line {n}") for n in range(PART_CUES + 40))
    cuts = [0, 1, 2, 7, PART_CUES + 30, PART_CUES + 35]
    events: list[Event] = [
        CuesReady(cues[start:end], final=True) for start, end in itertools.pairwise(cuts)
    ]
    events.append(Done(Result(cues, False, "en", 250_000, 100, {})))
    at_once = asyncio.run(_read(events, late=False))
    afterwards = asyncio.run(_read(events, late=True))
    assert at_once == afterwards
    sizes = [len(part["subtitles"]) for part in at_once if isinstance(part, dict)]
    assert sizes == [1, 1, 5, PART_CUES, 23, 5, 5]
