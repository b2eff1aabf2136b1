"""Checksums of model files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SHA256_DIGITS = 64
_GIT_DIGITS = 40
"""Digits of SHA-1, by which Git names files. Source: the Git book, "Git Objects"."""


@dataclass(frozen=True, slots=True)
class WrongFile:
    """A file that is not what it should be.

    Attributes:
        name: below the model's folder.
        expected: checksum in hexadecimal digits.
        found: empty where the file is missing.
    """

    name: str
    expected: str
    found: str = ""

    def __str__(self) -> str:
        """Say it in words."""
        if not self.found:
            return f"{self.name} is missing"
        kind = "SHA-256" if len(self.expected) == _SHA256_DIGITS else "Git SHA-1"
        return f"{self.name} has {kind} {self.found} instead of {self.expected}"


def wrong_files(folder: Path, expected: Mapping[str, str]) -> list[WrongFile]:
    """Return the files of a model that differ from what is expected; every file is read.

    Args:
        folder: of the model.
        expected: SHA-256, or Git's SHA-1, by file name.

    Raises:
        OSError: a file cannot be read.
    """
    checked = [
        WrongFile(name, digest, _checksum(folder / name, digest))
        for name, digest in expected.items()
    ]
    return [file for file in checked if file.found != file.expected]


def named_checksums(snapshot: Path) -> Mapping[str, str]:
    """Return the checksums that Hugging Face's cache names its files by, by file name.

    A snapshot's files are links to files that are called by their SHA-256 or, small ones, by Git's
    SHA-1. Copies without links tell nothing.

    Source: huggingface_hub's guide "Understand caching".
    """
    links = [path for path in sorted(snapshot.iterdir()) if path.is_symlink()]
    named = {path.name: path.readlink().name for path in links}
    return {name: digest for name, digest in named.items() if _is_checksum(digest)}


def _is_checksum(text: str) -> bool:
    known = len(text) in (_SHA256_DIGITS, _GIT_DIGITS)
    return known and all(digit in "0123456789abcdef" for digit in text)


def _checksum(path: Path, expected: str) -> str:
    """Return a file's checksum of the expected kind; empty where there is no such file."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        if len(expected) == _SHA256_DIGITS:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
        while data := file.read(2**20):
            digest.update(data)
        return digest.hexdigest()
