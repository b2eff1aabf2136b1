"""Speed of diarization: pyannote's networks its own way beside ours, memory by length."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from app.gpu.device import Device
from app.gpu.engine_registry import DIARIZERS, load_engine
from app.gpu.engines.pyannote.pyannote_checkpoint import load_checkpoint
from app.gpu.engines.pyannote.pyannote_networks import EmbeddingNetwork, SegmentationNetwork
from app.gpu.protocols import DiarizationState, Diarizer
from bench.gpu.ceilings import Ceilings, timed_s
from bench.gpu.plan import Plan
from bench.gpu.row import Row, Section
from bench.gpu.shapes import COMMUNITY_1, TRUNK_FLOP, VoiceShape
from bench.gpu.site import Site, noise

TITLE = "Voices"

_LISTEN_GOAL_S = 18
"""For an hour of sound."""


def rows(plan: Plan, ceilings: Ceilings) -> Iterator[Row]:
    """Yield what is measured, without values."""
    for batch in plan.chunk_batches:
        yield from _by_batch(plan, ceilings, batch)
    for minutes in plan.diarized_min:
        yield from _by_length(plan, ceilings, minutes)


def measure(site: Site) -> Section:
    """Measure the networks by batch and whole recordings by length."""
    found: list[Row] = []
    pipeline = load_checkpoint(site.settings(), site.device).pipeline
    for batch in site.plan.chunk_batches:
        site.report(f"voices of {batch} chunks together")
        values = _networks_ms(site, pipeline, batch)
        each = _by_batch(site.plan, site.ceilings, batch)
        found += [row.measured(value) for row, value in zip(each, values, strict=True)]
    diarizer: Diarizer = load_engine(DIARIZERS, "pyannote", site.settings())
    for minutes in site.plan.diarized_min:
        site.report(f"voices of {minutes:g} min")
        values = _diarized(diarizer, site.device, minutes)
        each = _by_length(site.plan, site.ceilings, minutes)
        found += [row.measured(value) for row, value in zip(each, values, strict=True)]
    return Section(TITLE, tuple(found))


def chunk_bound_s(shape: VoiceShape, ceilings: Ceilings) -> float | None:
    """Return the least time for the trunk on one chunk, one of which begins each second."""
    return TRUNK_FLOP / ceilings.single_flop_s if shape == COMMUNITY_1 else None


def _by_batch(plan: Plan, ceilings: Ceilings, batch: int) -> list[Row]:
    least_s = chunk_bound_s(plan.voices, ceilings)
    bound = None if least_s is None else 1000 * least_s
    name = f"{batch} chunks together"
    return [
        Row(f"{name}: who speaks", "ms/chunk"),
        Row(f"{name}: voices, pyannote's way", "ms/chunk", None if bound is None else 3 * bound),
        Row(f"{name}: voices, trunk once", "ms/chunk", bound),
    ]


def _by_length(plan: Plan, ceilings: Ceilings, minutes: float) -> list[Row]:
    least_s = chunk_bound_s(plan.voices, ceilings)
    bound = None if least_s is None else 3600 * least_s
    name = f"{minutes:g} min listened to"
    return [
        Row(f"{name}: time for an hour of sound", "s", bound, _LISTEN_GOAL_S),
        Row(f"{name}: peak of the device's memory", "GB"),
    ]


def _networks_ms(site: Site, pipeline: Any, batch: int) -> list[float]:
    import torch

    inference, device = pipeline._segmentation, site.device
    window = round(inference.duration * 16_000)
    segmentation = SegmentationNetwork(pipeline)
    chunks = torch.from_numpy(noise(window * batch / 16_000).samples).reshape(batch, 1, window)
    binary = segmentation.binary(segmentation.scores(chunks))
    _, frames, slots = binary.shape
    embedding = EmbeddingNetwork(pipeline, window, frames, slots)
    held = np.random.default_rng(1).random((batch, frames // 10 + 1, slots)) < 0.4
    binary = held.repeat(10, axis=1)[:, :frames].astype(np.uint8)
    masks = torch.from_numpy(embedding.masks(binary).reshape(batch * slots, frames))
    network = pipeline._embedding

    def stock() -> object:
        return network(chunks.repeat_interleave(slots, dim=0), masks=masks)

    works = (
        lambda: segmentation.scores(chunks), stock, lambda: embedding.embed(chunks, binary)
    )  # fmt: skip
    return [1000 * timed_s(work, device, site.plan.rounds) / batch for work in works]


def _diarized(diarizer: Diarizer, device: Device, minutes: float) -> list[float]:
    """Return the time for an hour of sound, and the peak of the memory."""
    _forget_peak(device)
    voices: DiarizationState | None = None
    size = diarizer.slice_samples
    total = round(minutes * 60 * 16_000)
    piece = noise(size / 16_000).samples
    started_s = time.monotonic()
    for at in range(0, total, size):
        last = at + size >= total
        voices = diarizer.process(piece[: min(size, total - at)], voices, last=last)
    spent_s = time.monotonic() - started_s
    return [spent_s * 60 / minutes, _peak_bytes(device) / 1e9]


def _forget_peak(device: Device) -> None:
    if device == "cuda":
        import torch

        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def _peak_bytes(device: Device) -> float:
    """Return the peak memory that torch reserved of the GPU; on a CPU that of the process."""
    if device == "cuda":
        import torch

        return float(torch.cuda.max_memory_reserved())
    import psutil

    return float(psutil.Process().memory_info().rss)
