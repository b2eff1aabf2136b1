"""Answers about the server, captions, lines and speech, as the API's description has them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.gpu.loaded_engines import EngineRole, EngineState
from app.routers.job_answers import Absent, Answer, CodedNotice, PaidUsage


class Ping(Answer):
    """Whether this worker may get requests."""

    status: Literal["ok", "stalled", "failed", "draining"]


class ServerFeatures(Answer):
    """What works."""

    whisper: bool
    tier3: bool
    tier4: bool


class TranslationModel(Answer):
    """The language model that translates."""

    model: str
    context_size: int


class EngineReport(Answer):
    """State of one engine."""

    role: EngineRole
    name: str
    state: EngineState
    device: str
    detail: str
    error: str


class GpuReport(Answer):
    """A GPU as its driver describes it."""

    name: str
    total_bytes: int
    free_bytes: int


class JobCounts(Answer):
    """Jobs of this worker, and streams that are open."""

    running: int
    streams: int


class ServerHealth(Answer):
    """What works and what does not."""

    status: Literal["ok", "error"]
    service: str
    version: str
    state: Literal["loading", "ready", "stalled", "failed", "draining"]
    features: ServerFeatures
    config: TranslationModel | None = Field(description="Null without a language model")
    engines: list[EngineReport]
    gpu: GpuReport | None
    scheduler: dict[str, Any] | None = Field(description="The queue ahead of the device")
    jobs: JobCounts
    live: int = Field(description="Live streams that are open")
    error: str | Absent = Field(None, description="Why the server cannot work")


class ServerVersion(Answer):
    """What runs here."""

    version: str
    build_date: str
    platform: str
    whisper_backend: str
    yt_dlp: str
    features: ServerFeatures


class ModelReport(Answer):
    """The translation model and every engine."""

    model: str
    context_size: int | None
    recommended_batch_tokens: int | Absent = None
    api_url: str | None
    engines: list[EngineReport]


class CallerUsage(PaidUsage):
    """What was paid for a caller since the worker started."""

    caller: str | None = Field(description="A name made of the key; null where none is needed")


class Json3Piece(Answer):
    """A text."""

    utf8: str


class Json3Event(Answer):
    """A caption."""

    start_ms: int = Field(alias="tStartMs")
    duration_ms: int = Field(alias="dDurationMs")
    segs: list[Json3Piece]


class Json3Fallback(Answer):
    """Which captions came instead of those that were asked for."""

    requested_language: str
    actual_language: str
    used_fallback: Literal[True]
    warning: str


class Json3Captions(Answer):
    """A video's captions in YouTube's json3."""

    events: list[Json3Event]
    metadata: Json3Fallback | Absent = Field(None, alias="_metadata")
    notices: list[CodedNotice] | Absent = None


class Translations(Answer):
    """As many translations as lines, each in its place."""

    translations: list[str]
    usage: PaidUsage | None = Field(description="Null where no language model was asked")
    notices: list[CodedNotice] | Absent = None


class SpeechStatus(Answer):
    """Whether the server speaks."""

    enabled: bool
    backend: str
    default_voices: dict[str, str] = Field(description="By language")


class ListedVoice(Answer):
    """A voice."""

    id: str
    name: str
    lang: str = Field(description="`mul` for every language")
    gender: str | None


class VoiceList(Answer):
    """The voices, a language's default first."""

    voices: list[ListedVoice]


class StoredFeedback(Answer):
    """A rating is stored."""

    status: Literal["ok"]


class FeedbackTotals(Answer):
    """How many translations were rated good and bad."""

    total: int
    positive: int
    negative: int
    ratio: float = Field(description="Share of the good ones, 0 to 1")
