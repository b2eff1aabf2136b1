"""Filter graphs that mix speech with the original sound, at its loudness."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import ffmpeg

from app.services.dubbing.programme_sound import Filter, timed_filters
from app.services.media.ffmpeg_graph import GraphNode, media_input

MixMode = Literal["duck", "replace", "mix"]
"""What becomes of the original: lower under speech, gone, or as it was."""

MIXED_LAYOUTS: Mapping[str, int] = MappingProxyType(
    {"mono": 1, "stereo": 2, "2.1": 3, "3.0": 3, "quad": 4, "4.0": 4, "5.0": 5, "5.0(side)": 5}
    | {"5.1": 6, "5.1(side)": 6, "6.1": 7, "7.1": 8}
)
"""Layouts that are kept in a mix, by ffmpeg's names, with the number of their channels."""

_WITHOUT_CENTRE = ("stereo", "2.1", "quad")
_FOLDED_DB = 3.01
_LIMITED_TOGETHER = 2

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


def bounded_lufs(programme_lufs: float | None) -> float | None:
    """Return the loudness of speech over a programme that is louder or quieter than speech may be.

    Args:
        programme_lufs: its integrated loudness; None where there is no sound.

    Returns:
        The nearest loudness that speech may have; None where it is the programme's.
    """
    if programme_lufs is None or _QUIETEST_LUFS <= programme_lufs <= _LOUDEST_LUFS:
        return None
    return min(max(programme_lufs, _QUIETEST_LUFS), _LOUDEST_LUFS)


def speech_filters(plan: MixPlan) -> list[Filter]:
    """Return what makes the speech as loud as it is to be, its peaks limited, in its channels.

    They are those of a film's dialogue: the centre, or left and right at -3 dB each where there is
    none. Source: ITU-R BS.775 annex 4, how a centre is folded into left and right.
    """
    centre = plan.layout not in _WITHOUT_CENTRE
    gain_db = plan.speech_gain_db - (0 if centre else _FOLDED_DB)
    filters: list[Filter] = [("volume", {"volume": f"{gain_db:.2f}dB"}), _limiter(_SPEECH_PEAK)]
    if plan.layout == "mono":
        return filters
    channels = "FC=c0" if centre else "FL=c0|FR=c0"
    return [*filters, ("pan", {"args": f"{plan.layout}|{channels}"})]


def mix_graph(plan: MixPlan) -> GraphNode:
    """Return the mix, as long as the plan says to the sample."""
    speech = _filtered(media_input(plan.speech)["a:0"], speech_filters(plan))
    if plan.mode == "replace" or plan.original is None:
        return _exact(speech, plan.samples)
    timed = timed_filters(plan.rate_hz, plan.layout)
    original = _exact(_filtered(media_input(plan.original)[str(plan.stream)], timed), plan.samples)
    if plan.gain is not None:
        gain = _spread(media_input(plan.gain)["a:0"], plan.layout)
        original = _of_two("amultiply", original, gain)
    mixed = _of_two("amix", original, speech, inputs=2, normalize=0, duration="first")
    return _exact(_limited(mixed, plan.layout), plan.samples)


def _filtered(stream: GraphNode, filters: Sequence[Filter]) -> GraphNode:
    for name, options in filters:
        stream = stream.filter(name, **options)
    return stream


def _of_two(name: str, first: GraphNode, second: GraphNode, **options: object) -> GraphNode:
    return ffmpeg.filter([first, second], name, **options)


def _spread(mono: GraphNode, layout: str) -> GraphNode:
    """Return a mono stream in every channel of a layout, unchanged in each."""
    copies = "|".join(f"c{number}=c0" for number in range(MIXED_LAYOUTS[layout]))
    return mono.filter("pan", args=f"{layout}|{copies}")


def _limited(mixed: GraphNode, layout: str) -> GraphNode:
    """Return a mix whose peaks stay below full scale; quieter parts stay as they are.

    ffmpeg's limiter looks at the first two channels alone for how high an earlier peak was, and
    divides by it (`ppeak` in its af_alimiter.c): a film whose left and right are silent then comes
    out as noise in every channel. So the channels of a surround mix are limited one by one.
    """
    name, options = _limiter(1.0)
    count = MIXED_LAYOUTS[layout]
    if count <= _LIMITED_TOGETHER:
        return mixed.filter(name, **options)
    split = ffmpeg.filter_multi_output(mixed, "channelsplit", channel_layout=layout)
    channels = [split.stream(number).filter(name, **options) for number in range(count)]
    return ffmpeg.filter(channels, "join", inputs=count, channel_layout=layout)


def _limiter(limit: float) -> Filter:
    return "alimiter", {"limit": limit, "level": 0, "latency": 1}


def _exact(stream: GraphNode, samples: int) -> GraphNode:
    return stream.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)
