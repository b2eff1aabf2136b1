"""Answers about jobs, as the API's description has them; `encoders` writes them.

A field that may be absent is never null, unless it says so.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from app.domain.events import Origin, Stage

Absent = SkipJsonSchema[None]
"""In the type of a field that an answer leaves out where there is nothing to say."""

QueueState = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"]


def _without_null_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        if "default" in field and field["default"] is None:
            del field["default"]


class Answer(BaseModel):
    """An answer's JSON."""

    model_config = ConfigDict(json_schema_extra=_without_null_defaults)


class ApiError(Answer):
    """Every error; some have further fields."""

    error: str = Field(description="One sentence for people")
    code: str = Field(description="Stable name of what is wrong")
    retryable: bool = Field(description="Whether the same request may succeed later")
    retry_after: int | Absent = Field(None, description="Seconds until it is worth a try")
    message: str | Absent = Field(None, description="More for people")
    field: str | Absent = Field(None, description="Field that was sent more than once")
    job_id: str | Absent = Field(None, description="Job whose late answer this is")


class OpenAiErrorBody(Answer):
    """What is wrong, as OpenAI's SDKs read it."""

    message: str
    type: str
    param: str | None = Field(description="Parameter that is wrong, where one is")
    code: str


class OpenAiError(Answer):
    """An error of the routes that follow OpenAI's API."""

    error: OpenAiErrorBody


class DeepgramError(Answer):
    """An error of the route that follows Deepgram's API."""

    err_code: str = Field(description="Stable name of what is wrong")
    err_msg: str = Field(description="One sentence for people")
    request_id: str


class CodedNotice(Answer):
    """Something that could not be done, or not as well as usual."""

    code: str
    message: str


class Subtitle(Answer):
    """One cue."""

    start: int = Field(description="Milliseconds")
    end: int = Field(description="Milliseconds")
    text: str
    translated_text: str = Field(alias="translatedText", description="The text where none is")
    confidence: float = Field(description="The transcriber's, 0 to 1")
    language: str | Absent = Field(None, description="Of the text")
    speaker: str | Absent = None
    speakers: list[str] | Absent = Field(None, description="Of two lines, where two share the cue")
    placement: dict[str, Any] | Absent = Field(None, description="Where it stands on the picture")
    styled_text: list[dict[str, Any]] | Absent = Field(None, description="Pieces with styles")
    styled_translation: list[dict[str, Any]] | Absent = Field(None, description="The same")


class SpokenTurn(Answer):
    """A stretch of one speaker's speech, in milliseconds."""

    start: int
    end: int
    speaker: str


class ListedTrack(Answer):
    """An audio track of the recording."""

    index: int
    language: str | None
    title: str | None
    role: str
    channels: int
    decodable: bool


class PaidUsage(Answer):
    """What language models were asked."""

    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None = Field(description="Null where no price is known")


class Quality(Answer):
    """How many cues obey the profile."""

    profile: str
    score: float = Field(description="Share of cues that break no limit, 0 to 1")
    cues: int
    conforming: int = Field(description="Cues that break no limit")
    broken: dict[str, int] = Field(description="How often each rule is broken, advice included")


class Video(Answer):
    """What the picture says of when cues may change."""

    frame_rate: float = Field(description="Frames per second")
    shot_changes_ms: list[int] = Field(description="Times of the first frames of shots")


class JobResult(Answer):
    """The result of a finished job."""

    subtitles: list[Subtitle]
    source: Origin
    translated: bool
    language: str
    target_lang: str | None
    job_id: str
    duration_ms: int
    elapsed_ms: int
    rtf: float = Field(description="Processing time by audio time")
    stage_ms: dict[str, int]
    cached: dict[str, float] = Field(description="Share of a stage that the cache answered")
    formats: dict[str, str] | Absent = Field(None, description="Subtitle files by format")
    formats_base64: list[str] | Absent = Field(
        None, description="Those of formats that are binary, and therefore in base64"
    )
    task: Literal["translate"] | Absent = None
    spoken_language: str | Absent = None
    translators: list[str] | Absent = None
    voiced_untranscribed_s: float | Absent = None
    audio_track: int | None = Field(None, description="Index of the track that was heard")
    audio_tracks: list[ListedTrack] | Absent = None
    notices: list[CodedNotice] | Absent = None
    speakers: list[SpokenTurn] | Absent = None
    title: str | Absent = None
    usage: PaidUsage | Absent = None
    video: Video | Absent = Field(None, description="Where shot changes were looked for")
    quality: Quality | Absent = Field(None, description="As `/api/qc` measures it")
    parts: list[Any] | Absent = Field(
        None, description="Output of a job that makes no subtitles, as `/stream` has it"
    )


class FileCue(Answer):
    """A cue in a subtitle file of the format `json`."""

    id: int
    start_ms: int
    end_ms: int
    text: str
    translation: str | None
    speaker: str | None
    language: str
    confidence: float
    speakers: list[str] | Absent = None
    placement: dict[str, Any] | Absent = None
    styled_text: list[dict[str, Any]] | Absent = None
    styled_translation: list[dict[str, Any]] | Absent = None


class SubtitleFile(Answer):
    """A subtitle file of the format `json`."""

    language: str
    cues: list[FileCue]


class StageReport(Answer):
    """How far a job is."""

    stage: Stage
    message: str
    percent: int
    step: int
    total_steps: int = Field(alias="totalSteps")
    eta: str | Absent = None


class JobStanding(Answer):
    """Where a job stands."""

    job_id: str
    events: int = Field(description="Number of the last event")
    state: Literal["running", "done", "failed"]
    progress: StageReport | Absent = None
    result: JobResult | Absent = Field(None, description="Once it is done")
    error: str | Absent = Field(None, description="Where it failed")
    code: str | Absent = None
    retryable: bool | Absent = None


class QueueTicket(Answer):
    """A job that was handed in."""

    id: str
    status: QueueState


class QueueFrame(Answer):
    """A job as a RunPod queue reports it; times are milliseconds."""

    id: str
    status: QueueState
    output: Any = Field(
        None, description="Of a job that has ended: for subtitles, parts with some cues each"
    )
    error: str | Absent = Field(None, description="Why it failed")
    code: str | Absent = Field(None, description="Stable name of the error")
    delay_time: int | Absent = Field(None, alias="delayTime")
    execution_time: int | Absent = Field(None, alias="executionTime")


class QueuePart(Answer):
    """A part of the output."""

    output: Any


class QueueParts(QueueFrame):
    """A job with the parts of its output that are new to the caller."""

    stream: list[QueuePart]


class QueuePurge(Answer):
    """How many jobs that waited were cancelled."""

    removed: int
    status: Literal["completed"]


class ListedWebhook(Answer):
    """A webhook that no attempt delivered."""

    id: str
    url: str
    created: int = Field(description="Unix time in seconds")
    attempts: int
    error: str


class WebhookList(Answer):
    """The webhooks that were not delivered, the oldest first."""

    webhooks: list[ListedWebhook]


class WebhookStanding(Answer):
    """What becomes of a webhook."""

    id: str
    status: Literal["sending", "removed"]


class QueueWorkers(Answer):
    """This worker, counted under what it does."""

    initializing: int
    idle: int
    ready: int
    running: int
    throttled: int
    unhealthy: int


class QueueJobs(Answer):
    """Number of jobs by where they stand."""

    completed: int
    failed: int
    retried: int

    in_queue: int = Field(alias="inQueue")
    in_progress: int = Field(alias="inProgress")


class QueueHealth(Answer):
    """A queue's health page."""

    status: Literal["ok"]
    workers: QueueWorkers
    jobs: QueueJobs


class TranscribedSegment(Answer):
    """A cue of a transcript; its times are seconds."""

    start: float
    end: float
    text: str
    speaker: str | Absent = None


class VideoTranscript(Answer):
    """What is said in a video."""

    segments: list[TranscribedSegment]
    cached: bool
    language: str
    job_id: str
