"""A peer in a process of its own, so that its time and ours are each that of one model.

Two CTranslate2 models in one process have more OpenMP threads than the machine has cores. The
runtime then lets waiting threads sleep, and waking them for every decoding step more than doubles
the time of small batches: on two cores ours took 33 s beside an idle peer, and 21 s alone.
"""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import ClassVar

from bench.peers import Peer, peers_on
from bench.recognition import Recognition


class PeerProcess:
    """Runs one peer; its model is loaded by the first call.

    Args:
        model: checkpoint of all sides.
        side: name of the peer.
    """

    def __init__(self, model: Path, side: str) -> None:
        self._pool = ProcessPoolExecutor(
            1,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_Loaded.take,
            initargs=(model, side),
        )

    def recognize(self, media: Path, language: str | None) -> Recognition:
        """Return what is said in a file; blocks.

        Args:
            media: the file.
            language: base tag; None to detect it.
        """
        return self._pool.submit(_Loaded.recognize, media, language).result()

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown()


class _Loaded:
    """The peer of this process."""

    peer: ClassVar[Peer]

    @classmethod
    def take(cls, model: Path, side: str) -> None:
        cls.peer = peers_on(model)[side]

    @classmethod
    def recognize(cls, media: Path, language: str | None) -> Recognition:
        return cls.peer.recognize(media, language)
