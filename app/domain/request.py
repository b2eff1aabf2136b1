"""What a caller asks for, checked and in one shape whatever the route."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
    """A media file behind an http or https address, or a page with a video.

    Attributes:
        page_url: the page that plays it, which is looked at when the address fails.
    """

    url: str
    page_url: str | None = None

    @property
    def identity(self) -> str:
        """What makes two addresses the same."""
        return f"url:{self.url}" if self.page_url is None else f"url:{self.url} on {self.page_url}"


@dataclass(frozen=True, slots=True)
class SiteVideo:
    """A page of a site that yt-dlp knows."""

    page_url: str

    @property
    def identity(self) -> str:
        """What makes two pages the same."""
        return f"site:{self.page_url}"


@dataclass(frozen=True, slots=True)
class SentCaptions:
    """Captions that the client sends itself: a page's own track, a file of its user's.

    Attributes:
        text: the file's text.
        language: BCP 47 tag as the client says; None when it does not.
        automatic: whether a machine wrote them, so that lines roll and repeat.
    """

    text: str
    language: str | None = None
    automatic: bool = False

    @property
    def identity(self) -> str:
        """What makes two of them the same."""
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()
        return f"captions:{digest}:{self.language}:{self.automatic}"


Source = UploadedFile | MediaUrl | SiteVideo | SentCaptions

Audience = Literal["viewer", "batch"]
"""Who waits for a job: somebody who watches its cues as they come, or who wants the whole."""


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many people speak, as far as the caller knows.

    Attributes:
        exact: their number; the limits do not count then.
        least: at least that many.
        most: at most that many.
    """

    exact: int | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One job.

    Attributes:
        source: where the media comes from.
        target: language to translate into; None for transcription alone.
        spoken: language that is spoken; None to detect it.
        profile: reading profile of the cues.
        diarize: whether the caller asked for speakers.
        speakers: how many there are, as far as the caller knows.
        allowed_languages: base tags that detection chooses from; empty for all.
        force_whisper: the caller wants the recording heard: captions count only where they are
            people's and in the target language already, and nothing heard earlier is reused.
        reuse_heard: beside ``force_whisper``: what was heard earlier counts all the same, so that
            only captions are passed over.
        force_refresh: nothing that was finished earlier is reused, not even the download.
        prompt: words that are likely to occur, a title for instance.
        glossary: terms and how they are to be translated.
        position_ms: where the viewer watches; what is seen from there on is done first.
        caller: who pays, as a name that is no secret; empty where nobody has a key.
        audience: who waits for the job.
    """

    source: Source
    target: Language | None = None
    spoken: Language | None = None
    profile: ReadingProfile = DEFAULT_PROFILE
    diarize: bool = False
    speakers: SpeakerCount = SpeakerCount()
    allowed_languages: tuple[str, ...] = ()
    force_whisper: bool = False
    reuse_heard: bool = False
    force_refresh: bool = False
    prompt: str = ""
    glossary: tuple[tuple[str, str], ...] = ()
    position_ms: int = 0
    caller: str = ""
    audience: Audience = "viewer"

    @property
    def fresh(self) -> bool:
        """Whether a finished job must not answer."""
        return (self.force_whisper and not self.reuse_heard) or self.force_refresh

    @property
    def key(self) -> str:
        """Equal for two requests exactly when the same job answers both."""
        parts = [
            self.source.identity,
            self.target.tag if self.target else None,
            self.spoken.tag if self.spoken else None,
            self.profile.name,
            self.diarize,
            dataclasses.astuple(self.speakers),
            self.allowed_languages,
            self.prompt,
            self.glossary,
            self.force_whisper,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
