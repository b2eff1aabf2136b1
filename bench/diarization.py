"""CPU cost of speaker embeddings relative to pyannote's own, with equal results.

The network has the shape of community-1's and random weights, which cost the same.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.figure import BenchError, Figure, Goal
from bench.measure import BenchEnvironment

OVER_STOCK = Goal("diarization_embedding_over_stock", 0.55, "ratio")

_CHUNKS = 8
_BATCH_CHUNKS = 4
_SLOTS = 3
_FRAMES = 589
_WINDOW = 160_000
_ROUNDS = 3


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Compare both ways on the same chunks and masks, batches of as many pairs, one thread."""
    try:
        return await asyncio.to_thread(_measure, environment)
    except ImportError as error:
        raise BenchError(f"needs the gpu extra: {error}") from error


def _measure(environment: BenchEnvironment) -> list[Figure]:
    import torch

    from app.gpu.engines.pyannote.pyannote_networks import EmbeddingNetwork

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pipeline, file, segmentations = _pipeline(), _file(), _segmentations()
        embedding = EmbeddingNetwork(pipeline, _WINDOW, _FRAMES, _SLOTS)
        chunks = file["waveform"][0].unfold(0, _WINDOW, 16_000)[:, None].contiguous()
        binary = segmentations.data.astype(np.uint8)

        def stock() -> NDArray[Any]:
            return np.asarray(pipeline.get_embeddings(file, segmentations, exclude_overlap=True))

        def ours() -> NDArray[Any]:
            parts = [slice(at, at + _BATCH_CHUNKS) for at in range(0, _CHUNKS, _BATCH_CHUNKS)]
            return np.concatenate([embedding.embed(chunks[part], binary[part]) for part in parts])

        return [OVER_STOCK.reached(_ratio(ours, stock, environment))]
    finally:
        torch.set_num_threads(threads)


def _ratio(
    ours: Callable[[], Any], stock: Callable[[], Any], environment: BenchEnvironment
) -> float:
    ratios = []
    for turn in range(_ROUNDS):
        stock_s, theirs = _timed(stock)
        ours_s, mine = _timed(ours)
        if not np.array_equal(mine, theirs, equal_nan=True):
            raise BenchError("the embeddings are not pyannote's")
        environment.progress.step(
            f"diarization {turn + 1}/{_ROUNDS}: {_CHUNKS} chunks, pyannote {stock_s:.1f} s, "
            f"trunk once {ours_s:.1f} s"
        )
        ratios.append(ours_s / stock_s)
    return statistics.median(ratios)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started_s = time.thread_time()
    result = work()
    return time.thread_time() - started_s, result


def _pipeline() -> Any:
    """Return as much of a pyannote pipeline as its ``get_embeddings`` uses."""
    import torch
    from pyannote.audio import Audio
    from pyannote.audio.models.embedding.wespeaker import WeSpeakerResNet34
    from pyannote.audio.pipelines import SpeakerDiarization
    from pyannote.audio.pipelines.speaker_verification import (
        PyannoteAudioPretrainedSpeakerEmbedding,
    )

    torch.manual_seed(0)
    network = PyannoteAudioPretrainedSpeakerEmbedding(WeSpeakerResNet34())
    part = SimpleNamespace(
        training=False,
        embedding_exclude_overlap=True,
        embedding_batch_size=_BATCH_CHUNKS * _SLOTS,
        _embedding=network,
        _audio=Audio(sample_rate=16_000, mono="downmix"),
    )
    part.get_embeddings = SpeakerDiarization.get_embeddings.__get__(part)
    return part


def _file() -> dict[str, Any]:
    import torch

    length = _WINDOW + (_CHUNKS - 1) * 16_000
    noise = np.random.default_rng(0).normal(0, 0.1, (1, length)).astype(np.float32)
    return {"waveform": torch.from_numpy(noise), "sample_rate": 16_000, "uri": "noise"}


def _segmentations() -> Any:
    """Return who speaks: turns of a third of a second, some with two at once."""
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    random = np.random.default_rng(1)
    held = (random.random((_CHUNKS, _FRAMES // 19, _SLOTS)) < 0.4).repeat(19, axis=1)
    window = SlidingWindow(start=0.0, duration=10.0, step=1.0)
    return SlidingWindowFeature(held.astype(np.float32), window)
