"""Speed of exact word times, by batch: the network in half precision, then all with the path."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.gpu.engines.wav2vec2.alignment_model import ModelLoader
from app.gpu.engines.wav2vec2.wav2vec2_aligner import align_together
from app.gpu.protocols import AlignmentInput
from bench.gpu.ceilings import Ceilings, timed_s
from bench.gpu.plan import Plan
from bench.gpu.row import Row, Section
from bench.gpu.site import Site, noise
from bench.gpu.whisper_weights import TEXT

TITLE = "Alignment"

_WINDOW_S = 30


def rows(plan: Plan, ceilings: Ceilings) -> Iterator[Row]:
    """Yield what is measured, without values."""
    for batch in plan.align_batches:
        yield from _rows(plan, ceilings, batch)


def measure(site: Site) -> Section:
    """Measure all batches."""
    loader = ModelLoader(site.settings().models, site.device)
    acoustics = loader.load(str(site.aligner), spaced=True)
    found: list[Row] = []
    for batch in site.plan.align_batches:
        site.report(f"words of {batch} windows together")
        inputs = [_alignment_input(seed) for seed in range(batch)]
        sounds = [item.audio.samples for item in inputs]
        works = (
            partial(acoustics.network.emissions, sounds),
            partial(align_together, inputs, acoustics),
        )
        for row, work in zip(_rows(site.plan, site.ceilings, batch), works, strict=True):
            spent_s = timed_s(work, site.device, site.plan.rounds)
            found.append(row.measured(1000 * spent_s / batch))
    return Section(TITLE, tuple(found))


def align_bound_s(plan: Plan, ceilings: Ceilings, seconds: float) -> float:
    """Return the least time for a sound's network."""
    return plan.aligner.forward_flop(seconds) / ceilings.half_flop_s


def _rows(plan: Plan, ceilings: Ceilings, batch: int) -> list[Row]:
    bound_ms = 1000 * align_bound_s(plan, ceilings, _WINDOW_S)
    return [
        Row(f"{batch} windows of 30 s together: network", "ms/window", bound_ms),
        Row(f"{batch} windows of 30 s together: network, path, words", "ms/window", bound_ms),
    ]


def _alignment_input(seed: int) -> AlignmentInput:
    texts = TEXT.split()
    step_ms = 1000 * _WINDOW_S // len(texts)
    words = tuple(
        Word(text, Span(at * step_ms, (at + 1) * step_ms)) for at, text in enumerate(texts)
    )
    span = Span(0, words[-1].span.end_ms)
    segment = Segment(text=" ".join(texts), span=span, language="en", words=words)
    return AlignmentInput(noise(_WINDOW_S, seed=seed), (segment,))
