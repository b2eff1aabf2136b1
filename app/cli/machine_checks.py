"""Checks of this machine: programs, fonts, GPU, models, disk."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from app.domain.errors import EngineLoadError
from app.gpu.device import cublas_installed, cuda_devices, gpu_info
from app.gpu.models.inventory import Inventory
from app.gpu.models.whisper_models import default_model
from app.settings import Settings

_FILTERS = ("aresample", "atempo", "loudnorm", "scale", "subtitles", "zoompan")
"""Filters of ffmpeg that decoding and media operations use."""

_FAMILIES = ("Noto Sans", "Noto Sans CJK JP", "Symbola")
_OLD_DAYS = 60
"""Age of a yt-dlp that sites are likely to have outrun: it is released about monthly."""

_RUNTIMES = ("deno", "node", "bun", "qjs")
_LEAST_BYTES = 2 * 2**30
_CUDNN = "libcudnn.so.9"
_CALL_S = 20


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    Attributes:
        name: of what was checked.
        state: `warning` where the server runs without it.
        message: what was found.
        advice: what to do; empty where nothing is to be done.
    """

    name: str
    state: Literal["ok", "warning", "broken"]
    message: str
    advice: str = ""


def machine_checks(settings: Settings) -> Iterator[CheckResult]:
    """Yield what each check of this machine finds.

    Args:
        settings: of the server.
    """
    yield from _ffmpeg()
    yield _fonts()
    yield from _gpu(settings)
    yield _model(settings)
    yield _ytdlp()
    yield _runtime(settings)
    yield from (_disk(name, path) for name, path in _folders(settings))


def _ffmpeg() -> Iterator[CheckResult]:
    advice = "install ffmpeg: apt-get install ffmpeg"
    said = _said(["ffmpeg", "-version"])
    if said is None or shutil.which("ffprobe") is None:
        yield CheckResult("ffmpeg", "broken", "ffmpeg and ffprobe are not both on PATH", advice)
        return
    yield CheckResult("ffmpeg", "ok", said.splitlines()[0].partition(" Copyright")[0])
    listed = _said(["ffmpeg", "-hide_banner", "-filters"]) or ""
    there = {line.split()[1] for line in listed.splitlines() if len(line.split()) > 2}
    if missing := [name for name in _FILTERS if name not in there]:
        text = f"this ffmpeg lacks {', '.join(missing)}"
        yield CheckResult("ffmpeg filters", "broken", text, advice)
    else:
        yield CheckResult("ffmpeg filters", "ok", ", ".join(_FILTERS))


def _fonts() -> CheckResult:
    advice = "apt-get install fonts-noto-core fonts-noto-cjk fonts-symbola"
    listed = _said(["fc-list", "--format", "%{family}\\n"])
    if listed is None:
        return CheckResult("fonts", "warning", "fc-list is not there", f"{advice} fontconfig")
    families = {name.strip() for line in listed.splitlines() for name in line.split(",")}
    if missing := [name for name in _FAMILIES if name not in families]:
        text = f"without {', '.join(missing)} some letters cannot be burned in"
        return CheckResult("fonts", "warning", text, advice)
    return CheckResult("fonts", "ok", ", ".join(_FAMILIES))


def _gpu(settings: Settings) -> Iterator[CheckResult]:
    wanted = settings.asr.device == "cuda"
    info = gpu_info("cuda")
    if not cuda_devices():
        if info is not None:
            text = f"{info.name} is there, and CTranslate2 cannot use it"
            yield CheckResult("GPU", "broken", text, "the driver is too old, or CUDA is hidden")
            return
        state: Literal["broken", "ok"] = "broken" if wanted else "ok"
        advice = "ASR_DEVICE=auto runs on the CPU" if wanted else ""
        yield CheckResult("GPU", state, "none; engines run on the CPU", advice)
        return
    name = f"{info.name}, {info.free_bytes >> 20} MiB free" if info else "a CUDA device"
    yield CheckResult("GPU", "ok", name)
    extra = "install the `gpu` extra: pip install 'cuestream[gpu]'"
    for label, found in (("cuBLAS", cublas_installed()), ("cuDNN", _has_cudnn())):
        yield CheckResult(
            label, "ok" if found else "broken", "found" if found else "not found", extra
        )


def _has_cudnn() -> bool:
    """Whether cuDNN 9 is there: PyTorch's wheels bring it, or the system has it."""
    from app.gpu.packages import installed

    if installed("nvidia.cudnn"):
        return True
    try:
        ctypes.CDLL(_CUDNN)
    except OSError:
        return False
    return True


def _model(settings: Settings) -> CheckResult:
    if not settings.asr.enabled or not settings.asr.is_whisper:
        return CheckResult("model", "ok", f"ASR_ENGINE is {settings.asr.engine}: none is needed")
    on_gpu = settings.asr.device != "cpu" and cuda_devices() > 0
    name = settings.whisper.model or default_model("cuda" if on_gpu else "cpu")
    try:
        found = Inventory(settings.models).verify(name)
    except EngineLoadError as error:
        return CheckResult("model", "broken", error.message, f"cuestream models fetch {name}")
    if found is None:
        text = f"{name} is not here; the server fetches it when it starts"
        return CheckResult("model", "warning", text, f"cuestream models fetch {name}")
    if found.wrong:
        text = f"{name} is damaged: {found.wrong[0]}"
        return CheckResult("model", "broken", text, f"cuestream models fetch {name}")
    known = f"{found.checked} files as published" if found.checked else "no checksum is known"
    return CheckResult("model", "ok", f"{name}: {known}")


def _ytdlp() -> CheckResult:
    released = version("yt-dlp")
    try:
        year, month, day = map(int, released.split(".")[:3])
        age = (datetime.now(UTC) - datetime(year, month, day, tzinfo=UTC)).days
    except ValueError:
        return CheckResult("yt-dlp", "warning", f"{released}, of unknown age")
    text = f"{released}, {age} days old"
    if age > _OLD_DAYS:
        advice = "sites change: pip install --upgrade yt-dlp, or docs/sites.md for a running server"
        return CheckResult("yt-dlp", "warning", text, advice)
    return CheckResult("yt-dlp", "ok", text)


def _runtime(settings: Settings) -> CheckResult:
    chosen = settings.sources.ytdlp_js_runtime
    name, _, path = chosen.partition(":")
    wanted: Sequence[str] = (path or name,) if chosen else _RUNTIMES
    for program in wanted:
        if found := shutil.which(program) or _beside_python(program):
            return CheckResult("JavaScript runtime", "ok", found)
    return CheckResult(
        "JavaScript runtime",
        "warning",
        f"none of {', '.join(wanted)}: some videos of YouTube cannot be read",
        "pip install deno",
    )


def _beside_python(program: str) -> str | None:
    import sys

    return shutil.which(program, path=str(Path(sys.executable).parent))


def _folders(settings: Settings) -> Iterator[tuple[str, Path]]:
    yield "CACHE_DIR", settings.caches.folder
    yield "MODEL_CACHE_DIR", settings.models.hub_dir


def _disk(name: str, path: Path) -> CheckResult:
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    free_bytes = shutil.disk_usage(there).free
    text = f"{path}: {free_bytes >> 20} MiB free"
    if free_bytes < _LEAST_BYTES:
        return CheckResult(f"disk ({name})", "broken", text, f"free some space, or move {name}")
    return CheckResult(f"disk ({name})", "ok", text)


def _said(command: list[str]) -> str | None:
    """Return what a program prints; None where it is missing, fails or hangs."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_CALL_S, check=True, errors="replace"
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
