"""Media operations in this process, and videos for them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from app.container import Services, build_services
from app.services.operations.operation import LocalMedia
from app.settings import Settings
from app.submission.envelopes.envelope import EnvelopeJob, Payload
from app.submission.envelopes.envelope_table import envelope_of

FFMPEG = ("ffmpeg", "-v", "error", "-y")
FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1")
BASE_URL = "http://media.test"


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg."""
    subprocess.run([*FFMPEG, *arguments], check=True)


def make_video(path: Path, seconds: float = 1.0, size: str = "320x180", sound: bool = True) -> Path:
    """Make a video of one colour at 25 frames a second, with a tone."""
    inputs = ["-f", "lavfi", "-i", f"color=0x335577:s={size}:r=25:d={seconds}"]
    if sound:
        inputs += ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"]
    ffmpeg(*inputs, *FAST, "-c:a", "aac", "-pix_fmt", "yuv420p", str(path))
    return path


def probed(path: Path, entries: str, stream: str = "v:0") -> list[str]:
    """Return what ffprobe says of a stream, a line for each section."""
    command = ["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", entries]
    output = subprocess.run(
        [*command, "-of", "csv=p=0", str(path)], check=True, capture_output=True
    )
    return output.stdout.decode().split()


def frame(path: Path, at_s: float, size: tuple[int, int]) -> bytes:
    """Return the picture at a time as grey bytes."""
    command = [*FFMPEG, "-ss", str(at_s), "-i", str(path), "-frames:v", "1"]
    command += ["-vf", f"scale={size[0]}:{size[1]}", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


class Operations:
    """Runs operations on the services of this process; their files lie in its folder."""

    def __init__(self, folder: Path, services: Services) -> None:
        self.folder = folder
        self.services = services
        self.progress: list[Payload] = []

    @classmethod
    async def open(cls, folder: Path, stack: AsyncExitStack, **groups: Any) -> Operations:
        """Build the services; ``groups`` are groups of settings."""
        caches = {"folder": folder / "cache"}
        sources = {"allow_private_urls": True, "work_dir": folder}
        files = {"files_dir": folder / "files"}
        settings = Settings(**{"caches": caches, "sources": sources, "files": files, **groups})
        return cls(folder, build_services(settings, stack))

    async def run(self, operation: str, **fields: object) -> Mapping[str, Any]:
        """Return the answer of a job; paths are uploads."""

        async def report(progress: Payload) -> None:
            self.progress.append(progress)

        given = {name: _local(value) for name, value in fields.items()}
        job = EnvelopeJob(
            "job",
            {"operation": operation, **given},
            self.services,
            report=report,
            base_url=BASE_URL,
        )
        answer = envelope_of(job.input).answer
        assert answer is not None
        found = await answer(job)
        assert isinstance(found, dict)
        return found

    def file(self, answer: Mapping[str, Any]) -> Path:
        """Return the stored file of an answer."""
        key = answer["video_url"].removeprefix(f"{BASE_URL}/files/").partition("-")[0]
        return self.folder / "files" / f"{key}.bytes"

    @property
    def left_over(self) -> list[Path]:
        """Files that operations left in the folder for temporary ones."""
        return [path for path in self.services.workdir.path.rglob("*") if path.name[0] != "."]


def _local(value: object) -> object:
    return LocalMedia(value) if isinstance(value, Path) else value
