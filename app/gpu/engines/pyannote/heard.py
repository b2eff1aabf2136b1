"""What is kept of a recording that is being listened to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.gpu.engines.pyannote.chunks import Arrivals


@dataclass(slots=True)
class Heard:
    """A recording, chunk by chunk.

    For community-1, an hour is 3,600 chunks of 589 frames and 3 slots in one byte each, and of 3
    embeddings of 256 floats: 17 MB, a thirteenth of its samples. Soft scores, which networks
    before pyannote 3 give, add 4 bytes for each frame and slot.

    Attributes:
        arrivals: samples whose chunks are not whole yet.
        scores: of the segmentation; empty where they are equal to `binary`.
        binary: 1 where a slot speaks, each of shape ``(chunks, frames, slots)``.
        embeddings: of the slots, each of shape ``(chunks, slots, dimension)``.
        ended: whether nothing follows.
    """

    arrivals: Arrivals
    scores: list[NDArray[Any]] = field(default_factory=list)
    binary: list[NDArray[np.uint8]] = field(default_factory=list)
    embeddings: list[NDArray[np.float32]] = field(default_factory=list)
    ended: bool = False
