"""The process that decodes one picture and writes the frames of a zoom over it, within limits.

A window with edges between pixels is cut out and scaled in one step, so that the zoom moves evenly;
filters of ffmpeg cut at whole pixels (``docs/decisions/0102-zooms-between-pixels.md``).
"""

from __future__ import annotations

import json
import signal
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from app.domain.errors import CuestreamError
from app.services.media.pictures.picture_canvas import PicturePlanes, picture_planes
from app.services.media.pictures.zoom_task import ZoomTask

_AHEAD = 3
"""Frames that are made while earlier ones are written, 3 MB each at 1080p."""

_THREADS = 2
"""Pillow lets go of Python's lock while it scales."""


def frame_bytes(planes: PicturePlanes, task: ZoomTask, frame: int) -> bytes:
    """Return a frame as planes of 4:2:0, one after another."""
    window = task.path.window(frame, task.frames)
    parts = []
    for plane in planes:
        whole = plane is planes.luma
        size = (task.width, task.height) if whole else (task.width // 2, task.height // 2)
        left, top, right, bottom = window.box(*plane.size)
        box = (max(0.0, left), max(0.0, top), min(plane.width, right), min(plane.height, bottom))
        parts.append(plane.resize(size, Image.Resampling.BICUBIC, box=box).tobytes())
    return b"".join(parts)


def _frames(planes: PicturePlanes, task: ZoomTask) -> Iterator[bytes]:
    """Yield all frames in order; some are made ahead."""
    with ThreadPoolExecutor(_THREADS) as threads:
        made: deque[Future[bytes]] = deque()
        for frame in range(task.frames):
            made.append(threads.submit(frame_bytes, planes, task, frame))
            if len(made) > _AHEAD:
                yield made.popleft().result()
        while made:
            yield made.popleft().result()


def _write(planes: PicturePlanes, task: ZoomTask, pipe: BinaryIO) -> None:
    for frame in _frames(planes, task):
        pipe.write(frame)


def main() -> None:
    """Tell whether the picture can be read, then write the frames to whoever reads the pipes.

    Each pipe has one reader and gets all frames from the beginning, unless its reader leaves: an
    encoder that failed is followed by another one at the next pipe. A line ``written`` follows each
    whole pass. The process ends when it is killed.
    """
    task = ZoomTask.from_json(sys.argv[1])
    try:
        planes = picture_planes(Path(task.picture), task.canvas, task.fit)
    except CuestreamError as error:
        _write_message({"error": type(error).__name__, "message": error.message})
        return
    except MemoryError:
        _write_message(
            {"error": "PictureTooLargeError", "message": "The picture takes too much memory"}
        )
        return
    _write_message({"ready": True})
    for name in task.pipes:
        with suppress(BrokenPipeError):
            with Path(name).open("wb") as pipe:
                _write(planes, task, pipe)
            _write_message({"written": task.frames})
    signal.pause()


def _write_message(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
