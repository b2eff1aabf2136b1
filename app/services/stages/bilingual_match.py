"""How well two files of one recording match, by the cues that they became together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.domain.cue import Cue
from app.domain.events import Notice

LONE_CUES = "cues_without_counterpart"
_PLACES_TOLD = 10


def matched_share(cues: Sequence[Cue]) -> float:
    """Return the share of cues that have both languages, rounded down; 1 for no cues."""
    both = sum(1 for cue in cues if cue.text and cue.translation)
    return int(10_000 * both / len(cues)) / 10_000 if cues else 1.0


def each_language(cues: Sequence[Cue]) -> tuple[list[Cue], list[Cue]]:
    """Return the cues of each language on their own; those that it has no text in are left out."""
    first = [replace(cue, translation=None, translation_runs=()) for cue in cues if cue.text]
    second = [
        replace(cue, text=cue.translation, translation=None, runs=cue.translation_runs)
        for cue in cues
        if cue.translation
    ]
    return first, second


def lone_cues(cues: Sequence[Cue]) -> list[Notice]:
    """Return a notice of the cues that one of the files has alone; none where there are none.

    Files of other cuts, or with other offsets, show themselves so: nothing else in them says that
    they do not belong together.
    """
    lone = [cue for cue in cues if not (cue.text and cue.translation)]
    if not lone:
        return []
    first = sum(1 for cue in lone if cue.text)
    places = ", ".join(f"{cue.span.start_ms / 1000:.1f}" for cue in lone[:_PLACES_TOLD])
    more = " and later" if len(lone) > _PLACES_TOLD else ""
    message = (
        f"{len(lone)} of {len(cues)} cues have no counterpart: {first} of the first file, "
        f"{len(lone) - first} of the second; at {places}{more} s"
    )
    return [Notice(LONE_CUES, message)]
