"""Loudness of sound by EBU R128: measured first, then brought to a target."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path

from app.domain.errors import FfmpegError
from app.services.media.ffmpeg_command import DEMUXERS
from app.services.media.ffmpeg_graph import GraphNode
from app.services.media.ffmpeg_runner import FfmpegRunner

TARGET_LUFS = -16.0
"""Of what is heard on phones and computers. Source: AES TD1008, for streams with speech; broadcast
has -23 (EBU R128)."""

QUIETEST_LUFS, LOUDEST_LUFS = -70.0, -5.0
"""What the filter takes. Source: libavfilter/af_loudnorm.c, option ``I``."""

_PEAK_DBTP = -1.5
_RANGE_LU = 11.0
_OUTPUT_HZ = 48_000
_REPORT = re.compile(r"\{[^{}]{20,2000}\}")


@dataclass(frozen=True, slots=True)
class Loudness:
    """Loudness of a track.

    Attributes:
        integrated_lufs: of the whole; minus infinity for silence.
        range_lu: loudness range.
        peak_dbtp: true peak.
        threshold_lufs: relative gate, which the second pass needs.
        offset_lu: what the filter's own gain would leave, which the second pass needs.
    """

    integrated_lufs: float
    range_lu: float
    peak_dbtp: float
    threshold_lufs: float
    offset_lu: float

    @property
    def is_silent(self) -> bool:
        """Whether there is nothing that could be made louder."""
        return not math.isfinite(self.integrated_lufs) or self.integrated_lufs <= QUIETEST_LUFS


async def measure_loudness(
    ffmpeg: FfmpegRunner, path: Path, length_ms: int, target_lufs: float, stream: int = 0
) -> Loudness:
    """Measure the loudness of an audio track: the first of two passes.

    Args:
        ffmpeg: runs it.
        path: of the media.
        length_ms: of it.
        target_lufs: that it is brought to afterwards.
        stream: index of the sound among all streams of the file.

    Raises:
        FfmpegError: it cannot be decoded, or there is no such stream.
    """
    said = await ffmpeg.measure(_command(path, target_lufs, stream), length_ms)
    reports = _REPORT.findall(said)
    try:
        found: dict[str, str] = json.loads(reports[-1])
        return Loudness(
            float(found["input_i"]),
            float(found["input_lra"]),
            float(found["input_tp"]),
            float(found["input_thresh"]),
            float(found["target_offset"]),
        )
    except (IndexError, KeyError, ValueError):
        raise FfmpegError("The loudness of the sound could not be measured") from None


def _command(path: Path, target_lufs: float, stream: int) -> list[str]:
    asked = f"loudnorm={_target(target_lufs)}:print_format=json"
    return [
        *("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info"),
        *("-protocol_whitelist", "file", "-format_whitelist", DEMUXERS),
        *("-i", f"file:{path.absolute()}", "-map", f"0:{stream}", "-af", asked),
        *("-f", "null", "-"),
    ]


def normalized(stream: GraphNode, measured: Loudness, target_lufs: float) -> GraphNode:
    """Return sound at the target: the second pass, by one gain where its peaks allow that.

    Source: libavfilter/af_loudnorm.c; it works at 192 kHz, so the rate is set again.

    Args:
        stream: of ffmpeg-python.
        measured: by the first pass with the same target.
        target_lufs: of the whole.
    """
    if measured.is_silent:
        return stream
    return stream.filter(
        "loudnorm",
        I=target_lufs,
        TP=_PEAK_DBTP,
        LRA=_range(measured),
        measured_I=measured.integrated_lufs,
        measured_LRA=measured.range_lu,
        measured_TP=measured.peak_dbtp,
        measured_thresh=measured.threshold_lufs,
        offset=measured.offset_lu,
        linear="true",
    ).filter("aformat", sample_rates=_OUTPUT_HZ)


def _target(target_lufs: float) -> str:
    return f"I={target_lufs}:TP={_PEAK_DBTP}:LRA={_RANGE_LU}"


def _range(measured: Loudness) -> float:
    """Return the range that the filter may have: wider sound keeps its own, so one gain serves."""
    return min(50.0, max(_RANGE_LU, measured.range_lu))
