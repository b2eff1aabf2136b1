"""How long stored work is good."""

from __future__ import annotations

from dataclasses import dataclass

from app.settings import CacheSettings

WINDOWS = "windows"
TRANSCRIPTS = "transcripts"
TRANSLATIONS = "translations"
SIGHTINGS = "sightings"
CAPTIONS = "captions"
MEDIA = "media"
BLOBS = "blobs"

_PERISHABLE = frozenset({SIGHTINGS, CAPTIONS, MEDIA, BLOBS})
"""What a stranger's server said or sent, and may say otherwise tomorrow."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long one stage's entries are good.

    Attributes:
        limit_s: at most this long after the time that the file bears.
        renewed: whether a use renews that time; else it stays the time of writing.
    """

    limit_s: float
    renewed: bool


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The lifetime of every stage, by its name."""

    perishable: Lifetime
    lasting: Lifetime

    @classmethod
    def of(cls, settings: CacheSettings) -> Lifetimes:
        """Read them from the settings."""
        return cls(
            Lifetime(settings.cache_audio_ttl_hours * 3600, renewed=False),
            Lifetime(settings.cache_ttl_days * 86_400, renewed=True),
        )

    def __getitem__(self, stage: str) -> Lifetime:
        return self.perishable if stage in _PERISHABLE else self.lasting
