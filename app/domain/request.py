"""Validated job request, in one shape for all routes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.domain.events import Notice
from app.domain.language import ENGLISH, Language
from app.domain.profile import DEFAULT_PROFILE, ReadingProfile
from app.domain.transcript import SpeakerTurn


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that the caller sent.

    Attributes:
        path: where the upload lies; the job that owns the request removes it.
        sha256: of its bytes, hexadecimal.
        name: the caller's name for it; of its content only the ending says something.
        media_type: as the caller says; empty where he does not.
    """

    path: Path
    sha256: str
    name: str = ""
    media_type: str = ""

    @property
    def identity(self) -> str:
        """Key by which equal uploads share work."""
        return f"sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class ArrivingFile:
    """A recording whose upload has begun and goes on while its job works.

    Attributes:
        id: unguessable; names the upload in the process that receives it.
    """

    id: str

    @property
    def identity(self) -> str:
        """Key of the upload; its content is not known yet."""
        return f"arriving:{self.id}"


@dataclass(frozen=True, slots=True)
class LibraryFile:
    """A file of a media server's library, under a folder that the settings name.

    Attributes:
        path: of the file, without symbolic links; no job ever changes or removes it.
        size: in bytes when it was asked for.
        modified_ns: Unix time of its last change then, in nanoseconds.
    """

    path: Path
    size: int
    modified_ns: int

    @property
    def identity(self) -> str:
        """Key by which equal files share work: a film is too large to be hashed each time."""
        return f"library:{self.path}:{self.size}:{self.modified_ns}"

    @property
    def content(self) -> str:
        """Address of what is stored of the file, in place of the hash of its bytes."""
        return hashlib.sha256(self.identity.encode("utf-8", "surrogateescape")).hexdigest()


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
        """Key by which equal addresses share work."""
        return f"url:{self.url}" if self.page_url is None else f"url:{self.url} on {self.page_url}"


@dataclass(frozen=True, slots=True)
class SiteVideo:
    """A page of a site that yt-dlp knows."""

    page_url: str

    @property
    def identity(self) -> str:
        """Key by which equal pages share work."""
        return f"site:{self.page_url}"


@dataclass(frozen=True, slots=True)
class SentCaptions:
    """Captions that the client sends itself: a page's own track, a file of its user's.

    Attributes:
        text: the file's text.
        language: BCP 47 tag as the client says; None when it does not.
        automatic: whether a machine wrote them, so that lines roll and repeat.
        notices: how the text was read from its bytes, where that was not certain.
        digest: SHA-256 of the text, computed once, for the text may have megabytes.
    """

    text: str
    language: str | None = None
    automatic: bool = False
    notices: tuple[Notice, ...] = ()
    digest: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()
        object.__setattr__(self, "digest", digest)

    @property
    def identity(self) -> str:
        """Key by which equal captions share work."""
        return f"captions:{self.digest}:{self.language}:{self.automatic}"


@dataclass(frozen=True, slots=True)
class NoMedia:
    """Nothing: the job is a call, whose door keeps what it works on.

    Attributes:
        id: unguessable, so that no two calls are equal.
    """

    id: str

    @property
    def identity(self) -> str:
        """Key by which equal calls would share work."""
        return f"call:{self.id}"


Source = UploadedFile | ArrivingFile | LibraryFile | MediaUrl | SiteVideo | SentCaptions | NoMedia

Task = Literal["transcribe", "translate"]
"""What a transcriber writes: the words that are said, or their translation into English. The names
are Whisper's."""

Audience = Literal["viewer", "batch"]
"""Consumer of a job: a viewer who watches its cues as they come, or a client of the whole."""


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
        task: whether the cues hold what is said, or its English translation by the transcriber.
        profile: reading profile of the cues.
        diarize: whether speakers are wanted.
        late_speakers: beside ``diarize``: the request names none, the server finds them by default.
            So nothing waits for them, captions do for a recording, and cues stay as they are shown
            but for their speakers.
        speakers: how many there are, as far as the caller knows.
        allowed_languages: base tags that detection chooses from; empty for all.
        force_whisper: transcribe the recording: captions count only where they are written by
            people in the target language already, and no earlier transcript is reused.
        reuse_transcript: beside ``force_whisper``: earlier transcripts are reused all the same,
            so that only captions are skipped.
        force_refresh: nothing that was finished earlier is reused, not even the download.
        prompt: words that are likely to occur, a title for instance.
        glossary: terms and how they are to be translated.
        position_ms: where the viewer watches; what is seen from there on is done first.
        caller: the caller's name for accounting, no secret; empty where no keys are in use.
        audience: consumer of the job.
        audio_track: index of the audio track to hear, or its language in standard spelling; None
            to choose it by the spoken language and by what the recording says of its tracks.
        turns: speaker turns of the recording that the caller knows already; None where the
            speakers are to be found, if ``diarize`` wants them.
        speakers_only: whether nothing is wanted but who speaks when.
        automatic_captions: whether a site's automatic captions in the spoken language, which is
            English where nothing says otherwise, serve in place of the recording where people
            wrote none.
        shot_changes: whether shot changes of the picture are looked for; None where the profile
            decides, which wants them if it moves cues to them.
        remove_sdh: whether captions lose what is written for the deaf.
        holder: name of who holds the job's place, by key or else by address; no secret. Empty for
            the server itself, which has no share.
    """

    source: Source
    target: Language | None = None
    spoken: Language | None = None
    profile: ReadingProfile = DEFAULT_PROFILE
    diarize: bool = False
    speakers: SpeakerCount = SpeakerCount()
    allowed_languages: tuple[str, ...] = ()
    force_whisper: bool = False
    reuse_transcript: bool = False
    force_refresh: bool = False
    prompt: str = ""
    glossary: tuple[tuple[str, str], ...] = ()
    position_ms: int = 0
    caller: str = ""
    audience: Audience = "viewer"
    task: Task = "transcribe"
    holder: str = ""
    audio_track: int | str | None = None
    turns: tuple[SpeakerTurn, ...] | None = None
    speakers_only: bool = False
    automatic_captions: bool = False
    late_speakers: bool = False
    shot_changes: bool | None = None
    remove_sdh: bool = False

    @property
    def wants_shot_changes(self) -> bool:
        """Whether shot changes of the picture are looked for."""
        return self.profile.snap_ms > 0 if self.shot_changes is None else self.shot_changes

    @property
    def written(self) -> Language | None:
        """Language of what the transcriber writes; None to detect it."""
        return ENGLISH if self.task == "translate" else self.spoken

    @property
    def fresh(self) -> bool:
        """Whether a finished job must not answer."""
        return (self.force_whisper and not self.reuse_transcript) or self.force_refresh

    @property
    def key(self) -> str:
        """Equal for two requests exactly when the same job answers both."""
        parts: list[object] = [
            self.source.identity,
            self.target.tag if self.target else None,
            self.spoken.tag if self.spoken else None,
            self.profile.key,
            self.diarize,
            dataclasses.astuple(self.speakers),
            self.allowed_languages,
            self.prompt,
            self.glossary,
            self.force_whisper,
            self.task,
            self.audio_track,
            self.late_speakers,
        ]
        # Absent from most requests, whose keys stay what they were.
        if self.turns is not None:
            parts.append([dataclasses.astuple(turn) for turn in self.turns])
        if self.speakers_only:
            parts.append("speakers only")
        if self.automatic_captions:
            parts.append("automatic captions")
        if self.shot_changes is not None:
            parts.append(f"shot changes {self.shot_changes}")
        if self.remove_sdh:
            parts.append("without sdh")
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
