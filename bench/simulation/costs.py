"""What each stage costs on a card, and what the card costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from bench.figure import BenchError
from bench.gpu.shapes import LARGE_V3

FILE = Path(__file__).parent / "costs.json"
_PREFIX = "cost_"
"""Of figures in ``bench/results.json`` that replace a stage's cost."""

_TOKENS = 100
"""Of a window of 28 s of speech, 150 words a minute."""
_LAUNCH_S = 0.008
"""One step of the decoder whatever the batch, where the launch of its kernels decides: the cautious
case, since nobody has timed it on these cards."""
_REACHED = 0.6
"""Share of a card's peak that matrix products reach."""

HOUR_PRICES_USD: Mapping[str, float] = {
    "AMPERE_16": 0.58,
    "AMPERE_24": 0.68,
    "ADA_24": 1.12,
    "AMPERE_48": 1.22,
    "ADA_48_PRO": 1.91,
    "AMPERE_80": 2.74,
    "ADA_80_PRO": 4.18,
    "HOPPER_141": 5.58,
}
"""List prices of RunPod's flex workers in 2026, as in `docs/load-balancer.md`."""

CARDS: Mapping[str, tuple[str, float, float]] = {
    "AMPERE_24": ("L4", 121e12, 0.30e12),
    "ADA_24": ("4090", 165e12, 1.008e12),
    "ADA_48_PRO": ("L40S", 362e12, 0.864e12),
    "ADA_80_PRO": ("H100", 990e12, 3.35e12),
    "HOPPER_141": ("H200", 990e12, 4.8e12),
}
"""A card of each pool: operations and bytes a second at 16 bits. Source: NVIDIA's data sheets."""


@dataclass(frozen=True, slots=True)
class StageCosts:
    """Costs of one worker, in seconds unless the name says otherwise.

    Attributes:
        name: of the card or the machine.
        source: how the costs were found.
        hour_usd: price of an hour of one worker; 0 where it is not rented.
        cold_start_s: from its start to ready, the model on its disk.
        flash_start_s: the same where FlashBoot kept it.
        open_s: from a request to its first sound, from a site.
        reopen_s: the same where page and media are cached.
        call_s: one call of the transcriber, however many windows it decodes.
        window_s: each window of 28 s in a call, forced alignment included.
        translate_s: from a transcribed window to its first translated line.
        stream_s: time of the event loop that the stream of one viewer takes in all.
        max_batch: windows in a call.
        first_batch: windows in a call with a viewer's first window.
    """

    name: str
    source: str
    hour_usd: float
    cold_start_s: float = 20.0
    flash_start_s: float = 2.5
    open_s: float = 2.5
    reopen_s: float = 0.3
    call_s: float = 0.8
    window_s: float = 0.05
    translate_s: float = 0.7
    stream_s: float = 0.02
    max_batch: int = 16
    first_batch: int = 8

    def batch_s(self, windows_s: float, items: int) -> float:
        """Return how long a call takes.

        Args:
            windows_s: sound of all its windows in seconds.
            items: number of windows; a short one costs its share.
        """
        return self.call_s + self.window_s * min(items, windows_s / 28.0)


def computed_costs(pool: str) -> StageCosts:
    """Return the costs of Whisper large-v3 on a pool's card by its data sheet.

    A call reads the decoder's weights once a token, or waits for its kernels, whichever is longer;
    each window adds its encoding, its cross attention's keys and values once a token, and an
    alignment of a quarter of the encoding. Source: sizes of `bench.gpu.shapes`.
    """
    card, operations_s, bytes_s = CARDS[pool]
    encode_s = LARGE_V3.encode_bound_s(operations_s * _REACHED)
    alone_s = LARGE_V3.step_bound_s(1, bytes_s)
    with_another_s = LARGE_V3.step_bound_s(2, bytes_s) - alone_s
    return StageCosts(
        name=pool,
        source=f"computed for an {card} from its data sheet, Whisper large-v3",
        hour_usd=HOUR_PRICES_USD[pool],
        call_s=round(_TOKENS * max(_LAUNCH_S, alone_s), 3),
        window_s=round(1.25 * encode_s + _TOKENS * with_another_s, 4),
    )


def stage_costs(name: str, path: Path | None = None) -> StageCosts:
    """Return the costs of a card, with what a file measured in place of what was computed.

    Args:
        name: a pool, or an entry of the file.
        path: ``{"name": {"call_s": ...}}``, or figures as in ``bench/results.json`` whose names
            begin with ``cost_``; None for the measured machine of ``costs.json``.

    Raises:
        BenchError: no such card, or the file has no costs.
    """
    measured = _read(path or FILE)
    if name not in CARDS and name not in measured:
        known = ", ".join([*CARDS, *measured])
        raise BenchError(f"No costs for {name!r}; known: {known}")
    base = computed_costs(name) if name in CARDS else StageCosts(name, "", 0.0)
    changes = measured.get(name, measured.get("*", {}))
    names = {field.name for field in fields(StageCosts)}
    if unknown := changes.keys() - names:
        raise BenchError(f"Unknown costs: {', '.join(sorted(unknown))}")
    return replace(base, **changes)  # type: ignore[arg-type]


def _read(path: Path) -> dict[str, dict[str, object]]:
    """Return the costs in a file by card; ``*`` is for any."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"{path} cannot be read: {error}") from None
    if isinstance(content, dict):
        return content
    found = {
        each["name"].removeprefix(_PREFIX): each["value"]
        for each in content
        if each["name"].startswith(_PREFIX)
    }
    if not found:
        raise BenchError(f"{path.name} has no figures that begin with {_PREFIX}")
    return {"*": {**found, "source": f"figures of {path.name}"}}
