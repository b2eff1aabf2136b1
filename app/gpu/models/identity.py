"""Identity of a checkpoint, derived from its files."""

from __future__ import annotations

import hashlib
from pathlib import Path

_EDGE_BYTES = 2**20
"""Bytes read at each end of a file. Training changes weights everywhere; small files (vocabulary,
configuration) are read as a whole."""

_SUFFIXES = frozenset(
    {".bin", ".ckpt", ".json", ".npz", ".onnx", ".pt", ".pth", ".safetensors", ".txt", ".yaml"}
)
"""Of files that affect a model's output; readme files and pictures do not."""


def identity_of(folder: Path) -> str:
    """Return a key of a checkpoint's files: their names, lengths, beginnings and ends.

    Folders below it count too. The same files in another folder have the same identity, so it
    does not matter where a model was downloaded to.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=20)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix not in _SUFFIXES or "/." in f"/{name}" or not path.is_file():
            continue
        length = path.stat().st_size
        digest.update(f"{name}\0{length}\0".encode())
        with path.open("rb") as file:
            digest.update(file.read(_EDGE_BYTES))
            file.seek(max(file.tell(), length - _EDGE_BYTES))
            digest.update(file.read(_EDGE_BYTES))
    return digest.hexdigest()
