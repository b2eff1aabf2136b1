"""Speed of Whisper alone, by batch: encoding of a window, then a decoding step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.gpu.ceilings import Ceilings, timed_s
from bench.gpu.plan import Plan
from bench.gpu.row import Row, Section
from bench.gpu.shapes import WhisperShape
from bench.gpu.site import Site

TITLE = "Whisper alone"

_MAX_LENGTH = 200
"""Twice the tokens at most; the text ends by itself before."""


def rows(plan: Plan, ceilings: Ceilings) -> Iterator[Row]:
    """Yield what is measured, without values."""
    for shape in plan.whispers:
        for compute in plan.computes:
            for batch in plan.batches:
                yield _encode(shape, compute, batch, ceilings)
                for beam in plan.beams:
                    yield _step(shape, compute, batch, beam, ceilings)


def measure(site: Site) -> Section:
    """Measure all of them, each model loaded once for each precision."""
    found: list[Row] = []
    for shape in site.plan.whispers:
        for compute in site.plan.computes:
            site.report(f"{shape.name} in {compute}")
            found += _timed(site, shape, compute)
    return Section(TITLE, tuple(found))


def _encode(shape: WhisperShape, compute: str, batch: int, ceilings: Ceilings) -> Row:
    bound_ms = 1000 * shape.encode_bound_s(ceilings.half_flop_s, _weight(compute))
    return Row(f"{shape.name}, {compute}, {batch} together: encode", "ms/window", bound_ms)


def _step(shape: WhisperShape, compute: str, batch: int, beam: int, ceilings: Ceilings) -> Row:
    bound_ms = 1000 * shape.step_bound_s(batch, ceilings.byte_s, _weight(compute))
    search = "greedy" if beam == 1 else f"{beam} beams"
    return Row(f"{shape.name}, {compute}, {batch} together: decode, {search}", "ms/step", bound_ms)


def _weight(compute: str) -> float:
    return 0.5 if compute.startswith("int8") else 1.0


def _timed(site: Site, shape: WhisperShape, compute: str) -> Iterator[Row]:
    import ctranslate2

    model = ctranslate2.models.Whisper(
        str(site.whisper(shape)), device=site.device, compute_type=compute
    )
    prompt = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
    rounds, device = site.plan.rounds, site.device
    for batch in site.plan.batches:
        sound = np.random.default_rng(0).standard_normal((batch, shape.mels, 3000), np.float32)
        view = ctranslate2.StorageView.from_array(sound)
        # It returns when the device is done.
        spent_s = timed_s(partial(model.encode, view), device, rounds)
        yield _encode(shape, compute, batch, site.ceilings).measured(1000 * spent_s / batch)
        encoded = model.encode(view)
        prompts = [prompt] * batch
        for beam in site.plan.beams:
            search = partial(
                model.generate, encoded, prompts, beam_size=beam, max_length=_MAX_LENGTH
            )
            steps = len(search()[0].sequences_ids[0]) + 1
            spent_s = timed_s(search, device, rounds)
            row = _step(shape, compute, batch, beam, site.ceilings)
            yield row.measured(1000 * spent_s / steps)
