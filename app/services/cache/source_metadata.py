"""Metadata of sources that were opened earlier."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from app.domain.captions import CaptionTrack
from app.domain.media import MediaInfo
from app.services.cache.keys import stage_key
from app.services.cache.lifetimes import SOURCE_METADATA
from app.services.cache.lookups import OnLookup, ignore_lookup
from app.services.cache.segment_codec import pack, unpack
from app.services.cache.stage_store import Store


@dataclass(frozen=True, slots=True)
class SourceMetadata:
    """What is known of a source besides its bytes.

    Attributes:
        content: SHA-256 of the media's bytes; None until all of them were downloaded.
        info: what its page says.
        duration_ms: None when unknown.
        etag: entity tag of the body, as its server wrote it; None without one.
        last_modified: its date, as its server wrote it; None without one.
        length: bytes of the body; None when unknown.
        seen_at: when it was opened, as Unix time in seconds.
        tracks: captions that its page offers.
    """

    content: str | None
    info: MediaInfo
    duration_ms: int | None
    etag: str | None
    last_modified: str | None
    length: int | None
    seen_at: float
    tracks: tuple[CaptionTrack, ...] = ()


class SourceMetadataCache:
    """Metadata by a source's identity; entries expire after CACHE_AUDIO_TTL_HOURS.

    Args:
        store: of the entries.
        on_lookup: called with each lookup.
    """

    def __init__(self, store: Store, on_lookup: OnLookup = ignore_lookup) -> None:
        self._store = store
        self._on_lookup = on_lookup

    async def get(self, identity: str) -> SourceMetadata | None:
        """Return the metadata of a source; None if there is none or it has expired."""
        payload = await self._store.get(SOURCE_METADATA, stage_key(identity))
        metadata = None if payload is None else _decode_metadata(payload)
        self._on_lookup(SOURCE_METADATA, metadata is not None)
        return metadata

    async def put(self, identity: str, metadata: SourceMetadata) -> None:
        """Store the metadata of a source."""
        await self._store.put(SOURCE_METADATA, stage_key(identity), pack(asdict(metadata)))


def _decode_metadata(payload: bytes) -> SourceMetadata | None:
    try:
        fields: dict[str, Any] = unpack(payload)
        info: dict[str, Any] = fields.pop("info")
        chapters = tuple((start_ms, title) for start_ms, title in info.pop("chapters"))
        tracks = tuple(_decode_track(**track) for track in fields.pop("tracks"))
        return SourceMetadata(info=MediaInfo(chapters=chapters, **info), tracks=tracks, **fields)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _decode_track(urls: list[tuple[str, str]], **fields: Any) -> CaptionTrack:
    return CaptionTrack(urls=tuple((name, url) for name, url in urls), **fields)
