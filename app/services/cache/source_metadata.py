"""What a source's name stood for when it was last opened."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from app.domain.captions import CaptionTrack
from app.domain.media import MediaInfo
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import SIGHTINGS
from app.services.cache.lookups import Observe, unobserved
from app.services.cache.segment_codec import pack, unpack
from app.services.cache.stage_store import Store


@dataclass(frozen=True, slots=True)
class SourceMetadata:
    """What was behind a name.

    Attributes:
        content: hash of the media's bytes; None while nobody has had all of them.
        info: what its page said.
        duration_ms: None when nobody knew.
        etag: entity tag of the body, as its server wrote it; None without one.
        last_modified: its date, as its server wrote it; None without one.
        length: bytes of the body; None when unknown.
        seen_at: Unix time in seconds.
        tracks: captions that its page offered.
    """

    content: str | None
    info: MediaInfo
    duration_ms: int | None
    etag: str | None
    last_modified: str | None
    length: int | None
    seen_at: float
    tracks: tuple[CaptionTrack, ...] = ()


class SourceMetadataStore:
    """Sightings by a source's identity; the store forgets them after CACHE_AUDIO_TTL_HOURS.

    Args:
        store: where they are kept.
        observe: told of each look, and whether it found something.
    """

    def __init__(self, store: Store, observe: Observe = unobserved) -> None:
        self._store = store
        self._observe = observe

    async def find(self, identity: str) -> SourceMetadata | None:
        """Return what a source was when it was last seen, unless that is too long ago."""
        payload = await self._store.get(SIGHTINGS, stage_key(identity))
        sighting = None if payload is None else _sighting(payload)
        self._observe(SIGHTINGS, sighting is not None)
        return sighting

    async def keep(self, identity: str, sighting: SourceMetadata) -> None:
        """Keep what a source was."""
        await self._store.put(SIGHTINGS, stage_key(identity), pack(asdict(sighting)))


def _sighting(payload: bytes) -> SourceMetadata | None:
    try:
        fields: dict[str, Any] = unpack(payload)
        info: dict[str, Any] = fields.pop("info")
        chapters = tuple((start_ms, title) for start_ms, title in info.pop("chapters"))
        tracks = tuple(_track(**track) for track in fields.pop("tracks"))
        return SourceMetadata(info=MediaInfo(chapters=chapters, **info), tracks=tracks, **fields)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _track(urls: list[tuple[str, str]], **fields: Any) -> CaptionTrack:
    return CaptionTrack(urls=tuple((name, url) for name, url in urls), **fields)
