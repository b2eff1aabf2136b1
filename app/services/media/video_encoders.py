"""Encoders of H.264: NVENC where a test proves it, x264 otherwise."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import structlog

from app.settings import EncoderChoice
from app.system.child_limits import PROBE
from app.system.subprocesses import running

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """An encoder with its options.

    Attributes:
        name: as results tell it: ffmpeg's.
        options: of ffmpeg for an output, without their dash.
        is_nvenc: whether it is NVENC.
    """

    name: str
    options: Mapping[str, object]
    is_nvenc: bool = False

    def output_options(self, threads: int = 0) -> dict[str, object]:
        """Return the options for an output.

        Args:
            threads: of x264; 0 for its own choice.
        """
        limited = {} if self.is_nvenc or not threads else {"threads:v": threads}
        return {"c:v": self.name, **self.options, **limited}


NVENC = VideoEncoder(
    "h264_nvenc",
    MappingProxyType(
        {
            "preset:v": "p4",
            "tune:v": "hq",
            "rc:v": "vbr",
            "cq:v": 23,
            "b:v": "0",
            "maxrate:v": "10M",
            "bufsize:v": "20M",
            "pix_fmt": "yuv420p",
        }
    ),
    is_nvenc=True,
)
X264 = VideoEncoder(
    "libx264",
    MappingProxyType(
        {
            "preset:v": "medium",
            "crf:v": 23,
            "maxrate:v": "10M",
            "bufsize:v": "20M",
            "pix_fmt": "yuv420p",
        }
    ),
)
"""Source: the encoder settings that clients of media workers know (``docs/media.md``)."""

MOST_BITS_PER_S = 10_000_000
"""What ``maxrate`` of both allows."""

_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""Without one of them there is no NVIDIA driver: Linux, and Linux on Windows."""

_FAILED = re.compile(
    r"\[(?:h264_nvenc|AVHWDeviceContext)\b|libnvidia-encode|libcuda|CUDA_ERROR"
    r"|Unknown encoder 'h264_nvenc'"
)
"""What ffmpeg says where NVENC is what failed: its own lines, which carry its name, and those of
the libraries that it loads. A bad subtitle or a full disk says none of it.
Source: libavcodec/nvenc.c, libavutil/hwcontext_cuda.c of ffmpeg 5.1."""


def nvenc_failed(stderr: str) -> bool:
    """Whether NVENC is what made an ffmpeg fail, by the errors that it wrote."""
    return _FAILED.search(stderr) is not None


class VideoEncoders:
    """Chooses the encoder of each job.

    Args:
        choice: of the settings.
    """

    def __init__(self, choice: EncoderChoice) -> None:
        self._choice = choice
        self._proven: bool | None = True if choice == "nvenc" else None
        self._lock = asyncio.Lock()

    async def chosen(self) -> VideoEncoder:
        """Return the encoder for the next job; NVENC is tested at the first call."""
        if self._choice == "x264":
            return X264
        async with self._lock:
            if self._proven is None:
                self._proven = await nvenc_works()
                log.info("video encoder", encoder=(NVENC if self._proven else X264).name)
        return NVENC if self._proven else X264

    def failed(self) -> None:
        """Take note that NVENC failed in a job: it is tested again before its next use."""
        if self._choice == "auto":
            self._proven = None


async def nvenc_works() -> bool:
    """Whether NVENC encodes a second of a test picture.

    A GPU alone proves nothing: A100, H100 and H200 have no encoder.
    """
    if not any(device.exists() for device in _DEVICES):
        return False
    command = [
        *("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"),
        *("-f", "lavfi", "-i", "color=black:size=256x256:rate=25:duration=1"),
        *("-c:v", NVENC.name, "-preset", "p4", "-f", "null", "-"),
    ]
    async with running(command, limits=PROBE) as child:
        return await child.wait() == 0
