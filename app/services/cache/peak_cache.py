"""Cached peaks of recordings: their waveform, once their sound is gone."""

from __future__ import annotations

import struct

import numpy as np

from app.domain.language import Language
from app.domain.peaks import Peaks
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import PEAKS
from app.services.cache.lookups import OnLookup, ignore_lookup
from app.services.cache.stage_store import Store

_HEAD = struct.Struct("<IQ")
"""Time of a bin and length of the recording, ms; the values follow."""


class PeakCache:
    """Peaks of whole recordings, by source and audio track.

    Args:
        store: of the entries.
        on_lookup: called with each lookup.
    """

    def __init__(self, store: Store, on_lookup: OnLookup = ignore_lookup) -> None:
        self._store = store
        self._on_lookup = on_lookup

    async def get(
        self, identity: str, track: int | str | None, spoken: Language | None
    ) -> Peaks | None:
        """Return the peaks of a recording; None where none are cached.

        Args:
            identity: of the source.
            track: index or language of the audio track by the request; None where it has none.
            spoken: language that was asked for, which then decides the track.
        """
        payload = await self._store.get(PEAKS, _key(identity, track, spoken))
        peaks = None if payload is None else _decoded(payload)
        self._on_lookup(PEAKS, peaks is not None)
        return peaks

    async def put(
        self, identity: str, track: int | str | None, spoken: Language | None, peaks: Peaks
    ) -> None:
        """Cache the peaks of a recording that was decoded to its end."""
        payload = _HEAD.pack(peaks.bin_ms, peaks.length_ms) + peaks.values.tobytes()
        await self._store.put(PEAKS, _key(identity, track, spoken), payload)


def _key(identity: str, track: int | str | None, spoken: Language | None) -> str:
    return stage_key("peaks", identity, track, spoken.tag if spoken else None)


def _decoded(payload: bytes) -> Peaks | None:
    if len(payload) < _HEAD.size:
        return None
    bin_ms, length_ms = _HEAD.unpack_from(payload)
    return Peaks(bin_ms, length_ms, np.frombuffer(payload, np.uint8, offset=_HEAD.size))
