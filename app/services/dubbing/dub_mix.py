"""Filter graphs that mix speech with the original sound, at its loudness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import ffmpeg

from app.services.dubbing.programme_sound import timed_filters
from app.services.media.ffmpeg_graph import GraphNode, media_input

MixMode = Literal["duck", "replace", "mix"]
"""What becomes of the original: lower under speech, gone, or as it was."""

MIXED_LAYOUTS: Mapping[str, int] = MappingProxyType(
    {"mono": 1, "stereo": 2, "2.1": 3, "3.0": 3, "quad": 4, "4.0": 4, "5.0": 5, "5.0(side)": 5}
    | {"5.1": 6, "5.1(side)": 6, "6.1": 7, "7.1": 8}
)
"""Layouts that are kept in a mix, by ffmpeg's names, with the number of their channels."""

_WITHOUT_PROGRAMME_LUFS = -23.0
"""Source: EBU R128, the loudness of a programme, where there is none to be like."""
_QUIETEST_LUFS, _LOUDEST_LUFS = -33.0, -12.0
"""Speech is neither whispered nor shouted for a programme that is."""
_SPEECH_PEAK = 0.8
"""About -2 dB: with a ducked original of full scale the sum stays below it."""


@dataclass(frozen=True, slots=True)
class MixPlan:
    """What is mixed.

    Attributes:
        mode: what becomes of the original.
        rate_hz: sample rate.
        layout: of the channels, a name of `MIXED_LAYOUTS`.
        samples: length of the result.
        speech: WAV of the spoken lines, mono.
        speech_gain_db: that makes it as loud as the programme.
        original: file with the original sound; None where there is none.
        stream: index of the original sound among the file's streams.
        gain: WAV of the original's gain; for ``duck`` alone.
    """

    mode: MixMode
    rate_hz: int
    layout: str
    samples: int
    speech: Path
    speech_gain_db: float = 0.0
    original: Path | None = None
    stream: int = 0
    gain: Path | None = None


def speech_gain_db(programme_lufs: float | None, speech_lufs: float | None) -> float:
    """Return the gain in dB that makes speech as loud as a programme.

    Args:
        programme_lufs: its integrated loudness; None where there is no sound.
        speech_lufs: that of the speech alone; None where nothing is loud enough to count.
    """
    if speech_lufs is None:
        return 0.0
    wanted = _WITHOUT_PROGRAMME_LUFS if programme_lufs is None else programme_lufs
    return min(max(wanted, _QUIETEST_LUFS), _LOUDEST_LUFS) - speech_lufs


def speech_graph(plan: MixPlan) -> GraphNode:
    """Return the speech at its loudness, its peaks limited.

    ffmpeg puts mono where a film has its dialogue: in the centre, or at -3 dB in left and right
    where there is none. The speech was measured there, so its gain fits.
    """
    placed = media_input(plan.speech)["a:0"].filter("aformat", channel_layouts=plan.layout)
    louder = placed.filter("volume", f"{plan.speech_gain_db:.2f}dB")
    return _limited(louder, _SPEECH_PEAK)


def mix_graph(plan: MixPlan) -> GraphNode:
    """Return the mix, as long as the plan says to the sample."""
    speech = speech_graph(plan)
    if plan.mode == "replace" or plan.original is None:
        return _exact(speech, plan.samples)
    original = media_input(plan.original)[str(plan.stream)]
    for name, options in timed_filters(plan.rate_hz, plan.layout):
        original = original.filter(name, **options)
    original = _exact(original, plan.samples)
    if plan.gain is not None:
        gain = _spread(media_input(plan.gain)["a:0"], plan.layout)
        original = _of_two("amultiply", original, gain)
    mixed = _of_two("amix", original, speech, inputs=2, normalize=0, duration="first")
    return _exact(_limited(mixed, 1.0), plan.samples)


def _of_two(name: str, first: GraphNode, second: GraphNode, **options: object) -> GraphNode:
    return ffmpeg.filter([first, second], name, **options)


def _spread(mono: GraphNode, layout: str) -> GraphNode:
    """Return a mono stream in every channel of a layout, unchanged in each."""
    copies = "|".join(f"c{number}=c0" for number in range(MIXED_LAYOUTS[layout]))
    return mono.filter("pan", args=f"{layout}|{copies}")


def _limited(stream: GraphNode, limit: float) -> GraphNode:
    """Return a stream whose peaks stay below a limit; quieter parts stay as they are."""
    return stream.filter("alimiter", limit=limit, level=0, latency=1)


def _exact(stream: GraphNode, samples: int) -> GraphNode:
    return stream.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)
