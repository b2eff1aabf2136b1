"""A transcriber used at once, without the queue: for self-tests and warming up."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from app.domain.transcript import Segment
from app.gpu.protocols import Prepared, Transcriber, Window


def transcribe_windows(engine: Transcriber, windows: Sequence[Window]) -> list[list[Segment]]:
    """Transcribe windows now, further attempts included.

    Args:
        engine: nobody else may be using one of its lanes.
        windows: of any lengths and languages; those with equal keys are decoded together.

    Returns:
        One list of segments for each window, in order.

    Raises:
        EngineError: whatever the engine raised.
    """
    results: list[list[Segment]] = [[] for _ in windows]
    waiting = deque(enumerate([engine.prepare(window) for window in windows]))
    while waiting:
        key, most = waiting[0][1].batch_key, engine.max_batch
        batch = [item for item in waiting if item[1].batch_key == key][:most]
        taken = {place for place, _ in batch}
        waiting = deque(item for item in waiting if item[0] not in taken)
        outcomes = engine.decode([prepared for _, prepared in batch])
        for (place, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Prepared):
                waiting.append((place, outcome))
            else:
                results[place] = list(outcome)
    return results
