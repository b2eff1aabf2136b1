"""The programme's sound: its length to the sample, and its loudness."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import UnreadableMediaError
from app.services.media.ffmpeg_command import DEMUXERS
from app.system.child_limits import decoder_limits
from app.system.subprocesses import running

_SAMPLES = re.compile(r"Number of samples: ([0-9]{1,15})$")
_INTEGRATED = re.compile(r"^ {1,16}I: {1,16}(-?[0-9]{1,3}\.[0-9]) LUFS$")
_SILENCE_LUFS = -70.0
"""Source: EBU R128, the absolute gate: a programme in which nothing is louder has no loudness."""

Filter = tuple[str, Mapping[str, object]]
"""Name of one of ffmpeg's filters, and its options."""

_FULL_RATES = (48_000, 44_100)
_LEAST_RATE_HZ = 32_000


@dataclass(frozen=True, slots=True)
class SoundMeasure:
    """What was measured of a sound.

    Attributes:
        samples: its length at the rate of the measurement.
        loudness_lufs: integrated loudness; None where nothing is loud enough to count.
    """

    samples: int
    loudness_lufs: float | None


def mixing_rate(rate_hz: int) -> int:
    """Return the rate at which a programme is mixed: its own, or a multiple fit for speech.

    A multiple keeps the length exact: each sample becomes so many.
    """
    if rate_hz >= _LEAST_RATE_HZ:
        return rate_hz
    return next((rate for rate in _FULL_RATES if rate_hz and rate % rate_hz == 0), _FULL_RATES[0])


def timed_filters(rate_hz: int, layout: str) -> list[Filter]:
    """Return the filters that put a stream on the container's clock, at a rate and layout.

    A track that begins late begins with silence, and holes in it are silent, so that sample 0 is
    the time 0 of the cues.
    """
    return [
        ("aresample", {"sample_rate": rate_hz, "async": 1, "first_pts": 0}),
        ("aformat", {"channel_layouts": layout}),
    ]


async def measure_sound(
    path: Path, stream: int, filters: Sequence[Filter], max_duration_s: int
) -> SoundMeasure:
    """Measure a stream of sound by ffmpeg's meter of EBU R128.

    Args:
        path: of the file.
        stream: index among all its streams.
        filters: ahead of the meter; what comes out of them is counted and heard.
        max_duration_s: longest programme that this server takes.

    Raises:
        UnreadableMediaError: it cannot be decoded.
        ResourceLimitError: it takes more memory or time than it may.
    """
    reader = _MeterReader()
    async with running(
        _command(path, stream, filters),
        on_line=reader.read,
        limits=decoder_limits(max_duration_s),
    ) as child:
        while await child.stdout.read(2**12):
            pass
        status = await child.wait()
        child.check_limits("Measuring the sound")
    if status != 0 or not reader.samples:
        raise UnreadableMediaError("The sound of the media cannot be decoded")
    return SoundMeasure(reader.samples, reader.loudness_lufs)


class _MeterReader:
    """Reads what the filters say at the end."""

    def __init__(self) -> None:
        self.samples = 0
        self.loudness_lufs: float | None = None

    def read(self, line: str) -> None:
        if found := _SAMPLES.search(line):
            self.samples = int(found[1])
        elif found := _INTEGRATED.search(line):
            loudness = float(found[1])
            self.loudness_lufs = loudness if loudness > _SILENCE_LUFS else None


def _command(path: Path, stream: int, filters: Sequence[Filter]) -> list[str]:
    named = [
        f"{name}={':'.join(f'{key}={value}' for key, value in options.items())}"
        for name, options in filters
    ]
    # The meter comes last: it resamples to 48 kHz.
    counted = "astats=measure_overall=Number_of_samples:measure_perchannel=none"
    graph = ",".join([*named, counted, "ebur128=framelog=verbose"])
    return [
        *("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", "-threads", "1"),
        *("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS),
        *("-i", f"file:{path.absolute()}", "-map", f"0:{stream}", "-af", graph),
        *("-f", "null", "-"),
    ]
