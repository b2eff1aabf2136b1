"""Lifetimes of cache entries by stage."""

from __future__ import annotations

from dataclasses import dataclass

from app.settings import CacheSettings

WINDOWS = "windows"
TRANSCRIPTS = "transcripts"
TRANSLATIONS = "translations"
PEAKS = "peaks"
SOURCE_METADATA = "sightings"
"""The folder's name on disk and the label in the metrics, which must not change."""
CAPTIONS = "captions"
MEDIA = "media"
BLOBS = "blobs"

_FROM_SOURCES = frozenset({SOURCE_METADATA, CAPTIONS, MEDIA, BLOBS})
"""Stages whose entries came from another server, which may answer differently tomorrow."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long the entries of one stage are valid.

    Attributes:
        limit_s: seconds after the file's modification time.
        renewed: whether a use sets that time anew; otherwise it stays the time of writing.
    """

    limit_s: float
    renewed: bool


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The lifetime of every stage, by its name.

    Attributes:
        from_sources: of what was fetched from other servers.
        results: of what this server computed.
    """

    from_sources: Lifetime
    results: Lifetime

    @classmethod
    def of(cls, settings: CacheSettings) -> Lifetimes:
        """Return the lifetimes that the settings ask for."""
        return cls(
            Lifetime(settings.cache_audio_ttl_hours * 3600, renewed=False),
            Lifetime(settings.cache_ttl_days * 86_400, renewed=True),
        )

    def __getitem__(self, stage: str) -> Lifetime:
        return self.from_sources if stage in _FROM_SOURCES else self.results
