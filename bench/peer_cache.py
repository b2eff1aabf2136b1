"""Results of the peers, kept on disk: they change with their packages and the file alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from bench.peers import BATCH, BEAM, Peer
from bench.recognition import Recognition

FOLDER = Path("~/.cache/cuestream/bench-peers").expanduser()

_REVISION = 1
"""Raise it when a peer is called in another way."""


@dataclass(frozen=True, slots=True)
class PeerCache:
    """Looks results up before a peer is asked.

    Attributes:
        model: checkpoint of the peers.
        fresh: whether every peer is asked again.
    """

    model: Path
    fresh: bool = False
    folder: Path = FOLDER

    def recognize(
        self, name: str, peer: Peer, media: Path, language: str | None, *, words: bool = False
    ) -> Recognition:
        """Return what a peer makes of a file, of an earlier run where there is one; blocks."""
        key = self._key(name, peer, media, f"{language} {words}")
        return self._stored(key, lambda: peer.recognize(media, language, words=words))

    def _stored(self, key: str, ask: Callable[[], Recognition]) -> Recognition:
        path = self.folder / f"{key}.json"
        if path.is_file() and not self.fresh:
            return Recognition.from_json(json.loads(path.read_text("utf-8")))
        found = ask()
        self.folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(found.as_json(), ensure_ascii=False), "utf-8")
        part.replace(path)
        return found

    def _key(self, name: str, peer: Peer, media: Path, options: str) -> str:
        versions = " ".join(f"{package}=={version(package)}" for package in peer.packages)
        parts = [
            name, versions, options, f"{BEAM} {BATCH} {_REVISION}",
            _digest(self.model / "model.bin"), _digest(media),
        ]  # fmt: skip
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
