"""Runner of ffmpeg for media operations: limits, progress, errors, one retry without NVENC."""

from __future__ import annotations

import re
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from app.domain.errors import FfmpegError, StorageError
from app.services.media.encode_places import EncodePlaces
from app.services.media.ffmpeg_graph import GraphNode, ffmpeg_command
from app.services.media.ffmpeg_progress import EncodeProgress, OnProgress, ProgressReader
from app.services.media.video_encoders import X264, VideoEncoder, VideoEncoders, nvenc_failed
from app.settings import MediaSettings
from app.system.child_limits import ChildLimits
from app.system.subprocesses import running
from app.system.workdir import storage_errors

log = structlog.get_logger()

_TAIL_CHARS = 1000
_TAIL_LINES = 20
_ERRORS = ("[error]", "[fatal]", "[panic]")
_FOLDERS = re.compile(r"(?:file:)?/[^\s'\"|]{0,4000}/")
_ADDRESSES = re.compile(r"[a-z]{2,8}://[^\s'\"]{0,4000}")
_POINTERS = re.compile(r" @ 0x[0-9a-f]{1,16}")
_FULL = ("No space left on device", "Disk quota exceeded")

_CPU_S, _CPU_S_PER_S = 300, 600
"""Processor time that an encode may take, and for each second that it writes. HD takes about one;
the bound only ends what never would."""
_WALL_S, _WALL_S_PER_S = 900, 120


@dataclass(frozen=True, slots=True)
class FfmpegWork:
    """What one ffmpeg is to make.

    Attributes:
        outputs: files that must be there afterwards, none empty.
        length_ms: of what it writes; 0 where it is not known.
        most_bytes: that it may write; checked against the disk before it starts.
        on_progress: called several times a second at most.
        on_warning: called with each line of ffmpeg's warnings and errors.
    """

    outputs: tuple[Path, ...]
    length_ms: int
    most_bytes: int
    on_progress: OnProgress = lambda _: None
    on_warning: Callable[[str], None] = lambda _: None


BuildGraph = Callable[[dict[str, object]], GraphNode | Sequence[GraphNode]]
"""Returns the graph's outputs, given the options of the video encoder for an output."""


class FfmpegRunner:
    """Runs ffmpeg.

    Args:
        settings: encoder, places, memory, reserve of the disk.
    """

    def __init__(self, settings: MediaSettings) -> None:
        self._settings = settings
        self._places = EncodePlaces(settings)
        self.encoders = VideoEncoders(settings.media_encoder)

    async def encode(self, build: BuildGraph, work: FfmpegWork) -> str:
        """Make a video; where NVENC fails, once more by x264.

        Args:
            build: the graph for an encoder's options.
            work: what it makes.

        Returns:
            The name of the encoder that made it.

        Raises:
            FfmpegError: ffmpeg failed, or made nothing.
            StorageError: the disk has no room for it, before or while it is made.
            ResourceLimitError: it takes more memory or time than it may.
            OverloadedError: too many encodes wait.
        """
        encoder = await self.encoders.chosen()
        try:
            await self._encode(build, work, encoder)
        except FfmpegError as error:
            if not encoder.is_nvenc or not nvenc_failed(error.message):
                raise
            log.warning("NVENC failed; x264 goes on", reason=error.message)
            self.encoders.failed()
            encoder = X264
            await self._encode(build, work, encoder)
        return encoder.name

    async def run(self, graph: GraphNode | Sequence[GraphNode], work: FfmpegWork) -> None:
        """Make what needs no video encoder: sound, copied streams, pictures.

        Raises:
            CuestreamError: as `encode` does.
        """
        async with self._places.place():
            await self._execute(ffmpeg_command(graph), work)

    async def measure(self, command: Sequence[str], length_ms: int) -> str:
        """Run an ffmpeg that writes no file; return the end of what it says.

        Args:
            command: that holds a place as an encode does.
            length_ms: of what it reads.

        Raises:
            FfmpegError: it failed.
            ResourceLimitError: it takes more memory or time than it may.
            OverloadedError: too many encodes wait.
        """
        work = FfmpegWork((), length_ms, 0)
        async with (
            self._places.place(),
            running(command, limits=self._limits(work)) as child,
        ):
            while await child.stdout.read(2**14):
                pass
            status = await child.wait()
            child.check_limits("This media operation")
        if status != 0:
            raise _failure(child.stderr)
        return child.stderr

    async def _encode(self, build: BuildGraph, work: FfmpegWork, encoder: VideoEncoder) -> None:
        async with self._places.place(nvenc=encoder.is_nvenc) as threads:
            graph = build(encoder.output_options(threads))
            await self._execute(ffmpeg_command(graph), work)

    async def _execute(self, command: list[str], work: FfmpegWork) -> None:
        self.check_room(work.outputs[0].parent, work.most_bytes)
        reader = ProgressReader(work.length_ms, work.on_progress)
        limits, errors = self._limits(work), _ErrorTail()

        def on_line(line: str) -> None:
            errors.read(line)
            work.on_warning(line)

        async with running(command, on_line=on_line, limits=limits) as child:
            while data := await child.stdout.read(2**12):
                reader.feed(data)
            status = await child.wait()
            # The memory that NVENC runs out of is the device's: no limit of ours.
            if not nvenc_failed(errors.text):
                child.check_limits("This media operation")
        # What is written last, from a buffer, fails without a word in the status.
        if status != 0 or any(text in errors.text for text in _FULL):
            raise _failure(errors.text or child.stderr)
        for output in work.outputs:
            if not output.is_file() or not output.stat().st_size:
                raise FfmpegError("FFmpeg produced empty output")
        work.on_progress(EncodeProgress(work.length_ms, 100.0, 0))

    def check_room(self, folder: Path, most_bytes: int) -> None:
        """Check that a folder's disk has room beside its reserve, ahead of the work.

        Raises:
            StorageError: it has not.
        """
        with storage_errors():
            free = shutil.disk_usage(folder).free
        wanted = most_bytes + self._settings.media_reserve_mb * 2**20
        if free < wanted:
            raise StorageError(
                f"The disk has no room for this: {wanted // 2**20} MiB are needed, "
                f"{free // 2**20} MiB are free"
            )

    def _limits(self, work: FfmpegWork) -> ChildLimits:
        length_s = work.length_ms // 1000 + 1
        return ChildLimits(
            memory_bytes=self._settings.media_memory_mb * 2**20,
            cpu_s=_CPU_S + length_s * _CPU_S_PER_S,
            file_bytes=work.most_bytes,
            open_files=512,
            wall_s=_WALL_S + length_s * _WALL_S_PER_S,
        )


class _ErrorTail:
    """The last lines of ffmpeg's log that are errors."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_TAIL_LINES)

    def read(self, line: str) -> None:
        if any(level in line for level in _ERRORS):
            self._lines.append(line[:_TAIL_CHARS])

    @property
    def text(self) -> str:
        return "\n".join(self._lines)


def _failure(stderr: str) -> FfmpegError | StorageError:
    if any(text in stderr for text in _FULL):
        return StorageError("Temporary storage failed: No space left on device")
    return FfmpegError(f"FFmpeg failed: {redacted(stderr) or 'no reason was given'}")


def redacted(stderr: str) -> str:
    """Return the end of ffmpeg's errors without folders, addresses and addresses in memory."""
    text = _ADDRESSES.sub("<address>", _FOLDERS.sub("", _POINTERS.sub("", stderr)))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return " | ".join(filter(None, lines))[-_TAIL_CHARS:]
