"""Events of a job, as values; every view of a job is a fold over these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from app.domain.cue import Cue
from app.domain.media import UNLISTED_TRACK, HeardTrack
from app.domain.quality_score import QualityScore
from app.domain.transcript import Segment, SpeakerTurn
from app.domain.video_timing import NO_VIDEO, VideoTiming

Stage = Literal[
    "waiting",
    "loading",
    "checking",
    "downloading",
    "transcribing",
    "diarization",
    "translating",
    "finalizing",
    "media",
    "complete",
    "failed",
]
"""Stages by the names that the extension has texts for, and ``waiting``, ``media``, ``complete``,
``failed``. It has no text for ``failed``, and therefore shows the message in its place; ``media``
is that of a media operation, which it never asks for."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job.

    Attributes:
        percent: 0..100, never lower than before within a job.
        eta_ms: time to the end of the job from this event on; None when unknown.
        activity: what a media operation does, for programs; empty for other work.
    """

    stage: Stage
    message: str
    percent: int
    step: int = 1
    total_steps: int = 4
    eta_ms: int | None = None
    activity: str = ""


@dataclass(frozen=True, slots=True)
class MediaOpened:
    """The media is readable and decoding begins.

    Attributes:
        duration_ms: as the container says, or None when it does not.
    """

    duration_ms: int | None


@dataclass(frozen=True, slots=True)
class SegmentTranscribed:
    """A transcribed segment."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class CuesReady:
    """New cues (revision 0), or revisions of cues with the same ids.

    Attributes:
        cues: one or more, in order.
        final: no later revision follows.
        speakers_follow: for cues that are not final: a later revision brings their speakers and
            changes nothing else.
        expected: how many cues the job will have that are final, or whose speakers follow, as far
            as is known by then; None where nothing says so.
    """

    cues: tuple[Cue, ...]
    final: bool
    speakers_follow: bool = False
    expected: int | None = None

    @property
    def readable(self) -> bool:
        """Whether texts, translations and times stay as they are."""
        return self.final or self.speakers_follow


@dataclass(frozen=True, slots=True)
class CuesDropped:
    """Drafts that no later revision replaces: their text is in other cues now."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SpeakersFound:
    """Speaker turns of the whole recording.

    Attributes:
        turns: in order of start; those of different speakers may overlap.
    """

    turns: tuple[SpeakerTurn, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """A limitation of a result that is valid all the same.

    Attributes:
        code: stable, in snake case, such as ``diarization_failed``.
        message: for people.
    """

    code: str
    message: str


Origin = Literal["whisper", "youtube_direct", "youtube_manual", "youtube_auto", "client_captions"]
"""Where the text comes from. The names are the extension's: ``whisper`` is any transcriber,
``youtube_*`` any site's captions: ``direct`` in the target language already."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one job used of servers that are paid: language models, transcribers.

    Attributes:
        cost_usd: None where no price is known.
        audio_s: seconds of audio that a server was paid to transcribe.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    audio_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a finished job.

    Attributes:
        cues: final revisions, sorted by start; empty only where the speakers alone were wanted.
        translated: whether the cues carry a translation.
        language: BCP 47 tag of the cues' texts: of what was spoken, or English where speech was
            translated.
        audio_ms: audio that was decoded.
        elapsed_ms: wall time from admission to the end.
        stage_ms: wall time per stage; stages overlap, so the sum may exceed ``elapsed_ms``.
        origin: where the text comes from.
        cached: by stage, the share of its work that earlier jobs had done: 1.0 where nothing
            was left to do. A stage that this job has not got is absent.
        usage: None where no language model was used.
        title: the video's title, where its site gives it.
        turns: speaker turns; empty where diarization was not requested or failed.
        notices: what could not be done, or not as well as usual.
        voiced_untranscribed_ms: detected speech that never became text; None where no audio was
            transcribed.
        segments: what was transcribed, in order of start, with the words' times, confidence and
            speakers; for captions one segment each, with words only where the track times them.
        spoken: BCP 47 tag of what was spoken, where the transcriber was to translate it; None
            otherwise.
        caption_format: format of the site's caption file, such as ``json3``; empty where the text
            comes from no such file.
        heard: audio track of the recording; without tracks where they are not listed.
        translators: what translated the cues, for people; empty where nothing was translated.
        video: frame rate of the picture, and its shot changes where they were looked for.
        quality: how far the cues obey the reading profile; None where that was not measured.
    """

    cues: tuple[Cue, ...]
    translated: bool
    language: str
    audio_ms: int
    elapsed_ms: int
    stage_ms: dict[str, int]
    origin: Origin = "whisper"
    cached: Mapping[str, float] = field(default_factory=dict)
    usage: Usage | None = None
    title: str = ""
    turns: tuple[SpeakerTurn, ...] = ()
    notices: tuple[Notice, ...] = ()
    voiced_untranscribed_ms: int | None = None
    segments: tuple[Segment, ...] = ()
    spoken: str | None = None
    translators: tuple[str, ...] = ()
    heard: HeardTrack = UNLISTED_TRACK
    caption_format: str = ""
    video: VideoTiming = NO_VIDEO
    quality: QualityScore | None = None

    @property
    def rtf(self) -> float:
        """Real-time factor: processing time by audio time."""
        return self.elapsed_ms / self.audio_ms if self.audio_ms else 0.0


@dataclass(frozen=True, slots=True)
class OutputPart:
    """A part of the output of a call.

    Attributes:
        json: the part, a JSON value.
    """

    json: str


@dataclass(frozen=True, slots=True)
class Done:
    """The job succeeded; nothing follows."""

    result: Result


@dataclass(frozen=True, slots=True)
class Failed:
    """The job failed; nothing follows."""

    message: str
    code: str
    retryable: bool


Event = (
    Progress
    | MediaOpened
    | SegmentTranscribed
    | CuesReady
    | CuesDropped
    | SpeakersFound
    | Notice
    | OutputPart
    | Done
    | Failed
)
