"""Clustering of voices by pyannote's own method: which slots of which chunks are one speaker.

Source: pyannote.audio 4.0.7, ``SpeakerDiarization.apply``.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import EngineError, EngineLoadError
from app.domain.request import SpeakerCount
from app.gpu.engines.pyannote.chunking import ChunkGrid
from app.gpu.engines.pyannote.frame_scores import NO_SPEAKER
from app.settings import DiarizationSettings


def check_defaults(settings: DiarizationSettings) -> None:
    """Refuse limits that contradict each other.

    Raises:
        EngineLoadError: the fewest are more than the most.
    """
    if (settings.min_speakers or 0) > (settings.max_speakers or float("inf")):
        raise EngineLoadError("DIARIZATION_MIN_SPEAKERS is above DIARIZATION_MAX_SPEAKERS")


def speaker_limits(requested: SpeakerCount, settings: DiarizationSettings) -> SpeakerCount:
    """Return the number of speakers to look for, by the request, else by the settings.

    A default that contradicts the request is dropped. 0 means unknown everywhere.
    """
    if requested.exact:
        return SpeakerCount(exact=requested.exact)
    least = requested.least or settings.min_speakers or None
    most = requested.most or settings.max_speakers or None
    if least and most and least > most:
        return SpeakerCount(least=requested.least or None, most=requested.most or None)
    return SpeakerCount(least=least, most=most)


def find_clusters(
    pipeline: Any,
    grid: ChunkGrid,
    embeddings: NDArray[np.float32],
    binary: NDArray[np.uint8],
    speakers: SpeakerCount,
) -> NDArray[np.integer[Any]]:
    """Return the speaker of each slot of each chunk.

    All embeddings are compared with one another, so time and memory grow with the square of a
    recording's length.

    Args:
        pipeline: pyannote's ``SpeakerDiarization``.
        grid: how the recording was cut.
        embeddings: shape ``(chunks, slots, dimension)``.
        binary: 1 where a slot speaks, shape ``(chunks, frames, slots)``. One byte each serves
            pyannote as well as its own four or eight.
        speakers: how many there may be.

    Returns:
        Shape ``(chunks, slots)``; `NO_SPEAKER` for a slot without speech.

    Raises:
        EngineError: the clustering needs the number of speakers, which is not known.
        ValueError: more speakers at least than at most.
    """
    from pyannote.audio.pipelines.utils.diarization import set_num_speakers
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    window = SlidingWindow(start=0.0, duration=grid.duration_s, step=grid.step_s)
    segmentations = SlidingWindowFeature(binary, window)
    exact, least, most = set_num_speakers(speakers.exact, speakers.least, speakers.most)
    if exact is None and pipeline._expects_num_speakers:
        raise EngineError("This pipeline has to be told how many people speak")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # More speakers than embeddings is an error inside VBx; the others lower it like this.
        usable = max(1, len(pipeline.clustering.filter_embeddings(embeddings, segmentations)[0]))
        found, _, _ = pipeline.clustering(
            embeddings=embeddings,
            segmentations=segmentations,
            num_clusters=min(exact, usable) if exact else None,
            min_clusters=min(least, usable),
            max_clusters=most,
        )
    clusters: NDArray[np.integer[Any]] = found
    clusters[binary.sum(axis=1) == 0] = NO_SPEAKER
    return clusters
