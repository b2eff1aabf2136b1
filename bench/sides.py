"""Both sides of a comparison on real weights: ours and the peers, on one checkpoint."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figure import BenchError
from bench.measure import BenchEnvironment
from bench.peer_cache import PeerCache
from bench.peer_process import PeerProcess
from bench.peers import BATCHED, SEQUENTIAL, WHISPERX, Peer, peers_on
from bench.product import Product, product
from bench.recognition import Recognition

OURS = "cuestream"

SIDES = (OURS, SEQUENTIAL, BATCHED, WHISPERX)
PEERS = SIDES[1:]

MODEL = "base"


@dataclass(frozen=True, slots=True)
class Sides:
    """Ours and the peers.

    Attributes:
        cached: the peers' results of earlier runs.
        timed: the peers once more, each in a process of its own.
    """

    ours: Product
    peers: Mapping[str, Peer]
    cached: PeerCache
    timed: Mapping[str, PeerProcess]

    async def recognize(
        self, side: str, media: Path, language: str | None, *, words: bool = False
    ) -> Recognition:
        """Return what one side makes of a file; a peer's result may be of an earlier run.

        Args:
            side: one of `SIDES`.
            media: the file.
            language: base tag; None to detect it.
            words: whether a peer that can do that gives words times; ours always does.
        """
        if side == OURS:
            return await self.ours.recognize(media, language)
        ask = functools.partial(self.cached.recognize, side, self.peers[side], words=words)
        return await asyncio.to_thread(ask, media, language)

    async def recognize_anew(self, side: str, media: Path, language: str | None) -> Recognition:
        """Return what one side makes of a file now, for its time."""
        if side == OURS:
            return await self.ours.recognize(media, language)
        return await asyncio.to_thread(self.timed[side].recognize, media, language)


@asynccontextmanager
async def real_sides(environment: BenchEnvironment) -> AsyncIterator[Sides]:
    """Load our engines on Whisper's `base`; the peers load when they are first asked.

    Raises:
        BenchError: the gpu extra is not installed, or the checkpoint cannot be had.
    """
    model = _checkpoint()
    async with product(model) as ours:
        timed = {side: PeerProcess(model, side) for side in PEERS}
        try:
            yield Sides(ours, peers_on(model), PeerCache(model, environment.fresh_peers), timed)
        finally:
            for each in timed.values():
                each.close()


def _checkpoint() -> Path:
    """Return the folder of the checkpoint, downloaded if it is not on this machine."""
    try:
        import whisperx  # noqa: F401 - a peer
        from faster_whisper.utils import download_model
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError as error:
        raise BenchError(f"needs the gpu extra: {error}") from error
    try:
        return Path(download_model(MODEL, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(download_model(MODEL))
    except (OSError, LocalEntryNotFoundError) as error:
        raise BenchError(f"Whisper {MODEL} cannot be downloaded: {error}") from error
