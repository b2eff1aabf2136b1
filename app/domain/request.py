"""What a caller asks for, checked and in one shape whatever the route."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from app.domain.language import Language
from app.domain.profile import DEFAULT_PROFILE, ReadingProfile


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that the caller sent.

    Attributes:
        path: where the upload lies; the job that owns the request removes it.
        sha256: of its bytes, hexadecimal.
        name: the caller's name for it, for messages only.
    """

    path: Path
    sha256: str
    name: str = ""

    @property
    def identity(self) -> str:
        """What makes two uploads the same."""
        return f"sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class MediaUrl:
    """A media file behind an http or https address."""

    url: str

    @property
    def identity(self) -> str:
        """What makes two addresses the same."""
        return f"url:{self.url}"


@dataclass(frozen=True, slots=True)
class SiteVideo:
    """A page of a site that yt-dlp knows."""

    page_url: str

    @property
    def identity(self) -> str:
        """What makes two pages the same."""
        return f"site:{self.page_url}"


Source = UploadedFile | MediaUrl | SiteVideo


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One job.

    Attributes:
        source: where the media comes from.
        target: language to translate into; None for transcription alone.
        spoken: language that is spoken; None to detect it.
        profile: reading profile of the cues.
        diarize: whether the caller asked for speakers.
        fresh: whether finished work must not be reused.
        prompt: words that are likely to occur, a title for instance.
    """

    source: Source
    target: Language | None = None
    spoken: Language | None = None
    profile: ReadingProfile = DEFAULT_PROFILE
    diarize: bool = False
    fresh: bool = False
    prompt: str = ""

    @property
    def key(self) -> str:
        """Equal for two requests exactly when the same job answers both."""
        parts = [
            self.source.identity,
            self.target.tag if self.target else None,
            self.spoken.tag if self.spoken else None,
            self.profile.name,
            self.diarize,
            self.prompt,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
