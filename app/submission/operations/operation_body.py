"""Bodies of requests that work on subtitle files."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from app.domain.custom_profile import parse_profile
from app.domain.errors import BadRequestError, InvalidFieldError
from app.domain.language import Language, known_language
from app.domain.profile import ReadingProfile, profile_named
from app.domain.request import SentCaptions
from app.domain.video_timing import VideoTiming
from app.services.render.formats import check_format
from app.settings import Settings
from app.submission.caption_body import OptionalCaptions, SentFile, sent_captions
from app.submission.request_fields import caption_language, spoken_language

_LATEST_MS = 10**9
_MOST_CUTS = 100_000
"""Shot changes of a request: a film has about 2,000."""


def _as_list(value: object) -> object:
    """Split a list that a form has as text."""
    if isinstance(value, str):
        return [part.strip() for part in value[:_LIST_CHARS].split(",") if part.strip()]
    return value or []


_LIST_CHARS = 2**20

Formats = Annotated[list[str], Field(max_length=20, fail_fast=True), BeforeValidator(_as_list)]


class SubtitleFileBody(BaseModel):
    """What every operation on a subtitle file takes; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    captions: OptionalCaptions = Field(
        None, description="The subtitles: a file's text, or cues in milliseconds"
    )
    language: str | None = Field(
        None,
        validation_alias=AliasChoices("language", "captions_lang"),
        description="Their language, where they do not say it",
    )
    profile: str | dict[str, JsonValue] | None = Field(
        None, description="Reading profile: its name, or an object (or its JSON text) of limits"
    )
    children: bool | None = Field(False, description="Reading speed of children")
    sdh: bool | None = Field(False, description="Reading speed of readers who do not hear")
    labels: bool | None = Field(
        None, description="Name speakers in the text where they change; absent: where sdh is true"
    )
    formats: Formats = Field(
        default_factory=list, description="Subtitle files wanted in the answer"
    )

    def track(self) -> SentCaptions:
        """Return the subtitles.

        Raises:
            BadRequestError: there are none.
            InvalidFieldError: not a language.
        """
        if not self.captions:
            raise BadRequestError("captions are required: a subtitle file, or cues")
        return sent_captions(self.captions, self.language, None)

    def caption_language(self) -> Language | None:
        """Return the language that the body names for its subtitles, if any.

        Raises:
            InvalidFieldError: not a language.
        """
        named = self.captions.language if isinstance(self.captions, SentFile) else None
        tag = caption_language(named or self.language)
        return known_language(tag) if tag else None

    def reading_profile(self, settings: Settings) -> ReadingProfile:
        """Return the profile that the body names or describes, else the server's.

        Raises:
            InvalidProfileError: no profile has that name.
            InvalidFieldError: a limit is wrong.
        """
        default = profile_named(settings.jobs.default_profile)
        profile = parse_profile(self.profile) if self.profile else default
        return profile.for_readers(
            children=bool(self.children), sdh=bool(self.sdh), labels=self.labels
        )

    def check_formats(self) -> None:
        """Check the names of the formats.

        Raises:
            InvalidFormatError: one is unknown.
        """
        for name in self.formats:
            check_format(name)


class PictureFields(BaseModel):
    """What a client says of the picture."""

    frame_rate: float | None = Field(
        None, ge=1, le=1000, allow_inf_nan=False, description="Frames per second of the picture"
    )
    shot_changes_ms: Annotated[
        list[Annotated[int, Field(ge=0, le=_LATEST_MS)]],
        Field(max_length=_MOST_CUTS, fail_fast=True),
        BeforeValidator(_as_list),
    ] = Field(default_factory=list, description="Times of the first frames of shots")

    @property
    def video(self) -> VideoTiming:
        """The picture's frame rate and shot changes."""
        return VideoTiming(self.frame_rate, tuple(sorted(set(self.shot_changes_ms))))


class QualityBody(SubtitleFileBody, PictureFields):
    """Body of `/api/qc`."""

    job_id: str | None = Field(None, description="A finished job, in place of subtitles")


class RelayoutBody(SubtitleFileBody, PictureFields):
    """Body of `/api/relayout`."""

    remove_sdh: bool | None = Field(
        False, description="Remove sounds in brackets, music signs and speaker labels"
    )


class MergeBody(SubtitleFileBody):
    """Body of `/api/merge`."""

    second: OptionalCaptions = Field(
        None, description="The other file, whose text stands below that of `captions`"
    )
    second_language: str | None = Field(None, description="Its language")

    def second_track(self) -> SentCaptions:
        """Return the other subtitles.

        Raises:
            BadRequestError: there are none.
            InvalidFieldError: not a language.
        """
        if not self.second:
            raise BadRequestError("second is required: another subtitle file, or cues")
        return sent_captions(self.second, self.second_language, None)


class MediaFields(BaseModel):
    """Media that subtitles are brought in line with."""

    url: str | None = Field(None, description="Address of the media")
    upload_id: str | None = Field(None, description="A finished upload of `/api/uploads`")
    source_lang: str | None = Field(None, description="Spoken language; absent to detect it")

    def spoken(self) -> Language | None:
        """Return the spoken language; None where it is to be detected.

        Raises:
            InvalidFieldError: not a language.
        """
        return spoken_language(self.source_lang)


class RetimeBody(SubtitleFileBody, MediaFields):
    """Body of `/api/retime`."""

    method: Literal["auto", "speech", "words"] = Field(
        "auto",
        description="By detected speech, by transcribed words, or by those only if need be",
    )


class AlignBody(SubtitleFileBody, MediaFields):
    """Body of `/api/align`."""

    text: str | None = Field(None, description="What is said, in place of subtitles")

    def check(self) -> None:
        """Check that there is one text.

        Raises:
            InvalidFieldError: there is none, or two.
        """
        if bool(self.captions) == bool(self.text and self.text.strip()):
            raise InvalidFieldError("Send either captions or text")
