"""Fields of a job that asks for the words or the speakers of one recording.

The shape is that of the Parakeet workers (github.com/cd-slash/parakeet-diarized), whose clients
send it unmodified; what those ignored, such as ``num_speakers`` beside a transcription, has an
effect here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.domain.errors import BadRequestError, InvalidFieldError, SeveralSourcesError
from app.domain.request import JobRequest, MediaUrl, SpeakerCount, UploadedFile
from app.domain.time import Span
from app.domain.transcript import SpeakerTurn
from app.gpu.calls.spoken_languages import language_named
from app.services.net.fetch import check_url
from app.settings import Role
from app.submission.field_problems import describe
from app.submission.request_fields import base_languages, spoken_language
from app.system.workdir import storage_errors

AudioFormat = Literal["json", "text", "srt", "vtt", "verbose_json"]

FORMATS: tuple[AudioFormat, ...] = ("json", "text", "srt", "vtt", "verbose_json")

MISSING_AUDIO = "Missing required 'audio' field in input"

_ENDING = re.compile(r"\.?([A-Za-z0-9]{1,10})")
_OTHER_SOURCES = ("url", "stream_url", "video_url", "upload_id", "captions")
_SPACES = re.compile(r"\s+")
_MAX_TURNS = 100_000
MAX_SPEAKERS = 50
_MAX_S = 10.0**6
_PROMPT_CHARS = 500


def _or_false(value: object) -> object:
    return False if value is None else value


Flag = Annotated[bool, BeforeValidator(_or_false)]


class TurnField(BaseModel):
    """A speaker turn, in seconds."""

    model_config = ConfigDict(extra="ignore")

    start: float = Field(ge=0, le=_MAX_S, allow_inf_nan=False)
    end: float = Field(ge=0, le=_MAX_S, allow_inf_nan=False)
    speaker: str | int


class AudioBody(BaseModel):
    """Input of a job with a key ``audio``; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    audio: str
    audio_format: str | None = None
    language: str | None = None
    response_format: AudioFormat = "json"
    timestamps: Flag = False
    diarize: bool | None = None
    word_timestamps: Flag = False
    diarization_segments: Annotated[
        list[TurnField] | None, Field(max_length=_MAX_TURNS, fail_fast=True)
    ] = None
    num_speakers: int | None = Field(None, ge=1, le=MAX_SPEAKERS)
    min_speakers: int | None = Field(None, ge=1, le=MAX_SPEAKERS)
    max_speakers: int | None = Field(None, ge=1, le=MAX_SPEAKERS)
    prompt: str | None = None
    allowed_languages: Annotated[list[str] | None, Field(max_length=100)] = None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> AudioBody:
        """Read an input, checked in the order of the workers that this shape comes from.

        Raises:
            BadRequestError: there is no audio, or no such response format.
            SeveralSourcesError: something else is to be worked on as well.
            InvalidFieldError: another field is wrong.
        """
        if not fields.get("audio"):
            raise BadRequestError(MISSING_AUDIO)
        if others := [name for name in _OTHER_SOURCES if fields.get(name)]:
            raise SeveralSourcesError(["audio", *others])
        given = {name: value for name, value in fields.items() if value is not None}
        if given.get("response_format", "json") not in FORMATS:
            raise BadRequestError(f"Invalid response_format. Must be one of: {', '.join(FORMATS)}")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
            raise InvalidFieldError(describe(problems)) from None

    @property
    def is_address(self) -> bool:
        """Whether the audio is behind an address; otherwise it is in the body, as Base64."""
        return self.audio.lower().startswith(("http://", "https://"))

    @property
    def language_code(self) -> str | None:
        """Code of the language; it may be sent by its English name, as servers write it."""
        if not self.language:
            return None
        return language_named(self.language) or self.language

    @property
    def wants_speakers(self) -> bool:
        """Whether speakers are wanted, where the worker can tell them apart."""
        return self.diarize is not False

    def turns(self) -> tuple[SpeakerTurn, ...]:
        """Return the speaker turns that came along, in order of start; those without length not.

        Raises:
            InvalidFieldError: one ends before it starts.
        """
        turns: list[SpeakerTurn] = []
        for place, field in enumerate(self.diarization_segments or ()):
            if field.end < field.start:
                raise InvalidFieldError(f"diarization_segments.{place}: it ends before it starts")
            span = Span(round(field.start * 1000), round(field.end * 1000))
            if span.duration_ms:
                turns.append(SpeakerTurn(span, str(field.speaker)))
        return tuple(sorted(turns, key=lambda turn: turn.span.start_ms))

    def ending(self) -> str:
        """Return the ending of the file that is in the body.

        Raises:
            BadRequestError: it is not given.
            InvalidFieldError: it is none.
        """
        if not self.audio_format:
            raise BadRequestError("audio_format is required when using base64-encoded audio")
        match = _ENDING.fullmatch(self.audio_format)
        if match is None:
            raise InvalidFieldError("audio_format: letters and digits alone, such as wav")
        return match[1].lower()

    def write_audio(self, path: Path) -> UploadedFile:
        """Write the audio of the body into a file that exists; slow.

        Raises:
            BadRequestError: the ending is missing.
            InvalidFieldError: it is no Base64.
            StorageError: the disk is full.
        """
        ending = self.ending()
        data = _decoded(self.audio)
        # A file that was removed meanwhile, since nobody waits any more, is not made again.
        with storage_errors(), path.open("r+b") as file:
            file.write(data)
        return UploadedFile(path, hashlib.sha256(data).hexdigest(), f"audio.{ending}")


@dataclass(frozen=True, slots=True)
class AudioJob:
    """What a worker makes of an audio body by its role.

    Attributes:
        role: of the worker.
        has_diarizer: whether it can tell speakers apart.
    """

    role: Role
    has_diarizer: bool

    def request(self, body: AudioBody, source: UploadedFile | MediaUrl) -> JobRequest:
        """Return the job request of a body.

        Captions never answer, for it is the sound that was sent; earlier transcripts do.

        Raises:
            InvalidFieldError: a field is wrong.
            InvalidLanguageError: no language.
        """
        turns = body.turns()
        speakers_only = self.role == "diarization"
        finds = self.role != "transcription" and self.has_diarizer and body.wants_speakers
        return JobRequest(
            source,
            spoken=spoken_language(body.language_code),
            diarize=not speakers_only and (bool(turns) or finds),
            speakers=SpeakerCount(body.num_speakers, body.min_speakers, body.max_speakers),
            turns=None if speakers_only else turns or None,
            speakers_only=speakers_only,
            allowed_languages=base_languages(body.allowed_languages or ()),
            force_whisper=True,
            reuse_transcript=True,
            prompt=(body.prompt or "")[:_PROMPT_CHARS],
            audience="batch",
        )


def address_of(body: AudioBody) -> MediaUrl:
    """Return the address of a body's audio.

    Raises:
        UrlBlockedError: it must not be reached.
    """
    check_url(body.audio)
    return MediaUrl(body.audio)


def _decoded(text: str) -> bytes:
    if text.lower().startswith("data:"):
        text = text.partition(",")[2]
    packed = _SPACES.sub("", text).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidFieldError("audio: neither an http(s) address nor Base64") from None
    if not data:
        raise InvalidFieldError("audio: no bytes")
    return data
