"""Limits of child processes: memory, processor time, files and wall time."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace

from app.domain.errors import InternalError

_MIB = 2**20
_BACKSTOP_S = 5
"""The kernel ends a process that used so many seconds more than it may: the watch looks at it
several times a second and knows the reason, the kernel does not depend on the watch."""


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What one child process may use, with all processes that it starts.

    Attributes:
        memory_bytes: private memory: of each process by the kernel, of all together by the watch.
            The kernel counts writable memory (``RLIMIT_DATA``) rather than addresses
            (``RLIMIT_AS``), since JavaScript runtimes reserve gigabytes of addresses that they
            never use. Source: setrlimit(2).
        cpu_s: processor time.
        file_bytes: largest file that is written; pipes do not count.
        open_files: open at a time.
        wall_s: time from the start to the end, waiting included.
    """

    memory_bytes: int
    cpu_s: int
    file_bytes: int
    open_files: int
    wall_s: float

    @property
    def prefix(self) -> tuple[str, ...]:
        """The prefix of a command that sets the kernel's limits before the program starts.

        Source: prlimit(1) of util-linux.

        Raises:
            InternalError: it is not installed; no program runs without limits.
        """
        program = shutil.which("prlimit")
        if program is None:
            raise InternalError("prlimit is not installed")
        return (
            program,
            f"--data={self.memory_bytes}",
            f"--cpu={self.cpu_s + _BACKSTOP_S}",
            f"--fsize={self.file_bytes}",
            f"--nofile={self.open_files}",
            "--core=0",
            "--",
        )


FILTER = ChildLimits(
    memory_bytes=256 * _MIB, cpu_s=60, file_bytes=64 * _MIB, open_files=256, wall_s=300
)
"""Programs that turn a little text or sound into another form: espeak-ng (16 MB for a thousand
characters), the MP3 encoder (30 MB), Apertium (20 MB in each of its programs)."""

TEXT_WORK = ChildLimits(memory_bytes=768 * _MIB, cpu_s=120, file_bytes=0, open_files=64, wall_s=300)
"""Reading, layout and writing of large texts: 50,000 cues take 300 MB and 27 s."""

_DECODER = ChildLimits(memory_bytes=512 * _MIB, cpu_s=120, file_bytes=0, open_files=64, wall_s=3600)
"""ffmpeg takes 30 to 60 MB, and the index of a four-hour video 40 MB more."""

PROBE = replace(_DECODER, cpu_s=30, wall_s=60)
"""ffprobe, which reads the beginning of a recording, and ffmpeg where it decodes some seconds."""

LIVE_DECODER = ChildLimits(
    memory_bytes=256 * _MIB, cpu_s=1800, file_bytes=0, open_files=64, wall_s=86_400
)
"""The decoder of one live stream, which lasts as long as its client speaks: a day at most. Opus
takes 0.3 % of its length on one core."""

SITE = ChildLimits(
    memory_bytes=1024 * _MIB, cpu_s=1800, file_bytes=1024 * _MIB, open_files=256, wall_s=86_400
)
"""yt-dlp takes 120 MB and its JavaScript runtime as much again; the runtime does not start with
less than 400 MB. Files are the parts of a playlist, one at a time."""

_CPU_SHARE = 10
_WALL_FACTOR = 6


def decoder_limits(max_duration_s: int) -> ChildLimits:
    """Return the limits of a decoder, which is read as slowly as its recording is transcribed.

    Decoding takes 0.5 % of a recording's length on one core, and a tenth of it is allowed.

    Args:
        max_duration_s: longest recording.
    """
    return replace(
        _DECODER,
        cpu_s=_DECODER.cpu_s + max_duration_s // _CPU_SHARE,
        wall_s=_DECODER.wall_s + max_duration_s * _WALL_FACTOR,
    )
