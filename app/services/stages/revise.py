"""Revision of draft cues: final cues under the ids of the drafts that they replace."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.system.async_iterators import close_stage


async def revise(cues: AsyncIterator[Cue], drafts: Mapping[int, Cue]) -> AsyncIterator[Cue]:
    """Yield cues under the ids of the drafts that they replace.

    A cue takes the place of the first draft that shows while it does and that none before it has
    taken. What finds none, since a draft was divided, gets an id that no draft has.

    Args:
        cues: of the whole recording, in order of start, with ids of their own; closed when the
            caller stops.
        drafts: of the same recording, the latest of each id.

    Yields:
        The same cues in the same order, with an id and a revision.
    """
    waiting = deque(sorted(drafts.values(), key=lambda cue: cue.span.start_ms))
    next_id = max(drafts, default=-1) + 1
    try:
        async for cue in cues:
            while waiting and waiting[0].span.end_ms <= cue.span.start_ms:
                waiting.popleft()
            if waiting and waiting[0].span.start_ms < cue.span.end_ms:
                draft = waiting.popleft()
                yield replace(cue, id=draft.id, revision=draft.revision + 1)
            else:
                yield replace(cue, id=next_id)
                next_id += 1
    finally:
        await close_stage(cues)


def dropped(drafts: Mapping[int, Cue], final: Sequence[Cue]) -> tuple[int, ...]:
    """Return the ids of drafts that no final cue replaces, in order."""
    used = {cue.id for cue in final}
    return tuple(sorted(number for number in drafts if number not in used))
