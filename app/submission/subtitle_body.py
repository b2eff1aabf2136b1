"""The body of a request for subtitles."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
)

from app.domain.custom_profile import parse_profile
from app.domain.errors import (
    BadRequestError,
    InvalidFieldError,
    SeveralSourcesError,
    UrlBlockedError,
)
from app.domain.language import (
    ENGLISH,
    Language,
    known_language,
    needs_translation,
    parse_target,
)
from app.domain.profile import DEFAULT_PROFILE, ReadingProfile
from app.domain.request import (
    JobRequest,
    MediaUrl,
    SentCaptions,
    Source,
    SpeakerCount,
    Task,
    UploadedFile,
)
from app.domain.time import seconds_to_ms
from app.services.net.fetch import check_url
from app.services.render.formats import check_format
from app.submission.caption_body import OptionalCaptions, SentFile, sent_captions
from app.submission.file_delivery import DEFAULT_FORMATS
from app.submission.glossary_field import glossary_terms, parse_glossary
from app.submission.request_fields import (
    audio_track,
    base_languages,
    caption_language,
    check_video_id,
    spoken_language,
    youtube_video,
)

_PROMPT_CHARS = 500
_MAX_SPEAKERS = 50

_MAX_MS = 10**9
"""Eleven days: longer than any recording."""


_MAX_LIST_CHARS = 1000
"""Of lists that are sent as text."""


def _as_list(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        if len(value) > _MAX_LIST_CHARS:
            raise InvalidFieldError(f"{info.field_name}: at most {_MAX_LIST_CHARS} characters")
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list) and sum(len(each) for each in value if isinstance(each, str)) > (
        _MAX_LIST_CHARS
    ):
        raise InvalidFieldError(f"{info.field_name}: at most {_MAX_LIST_CHARS} characters")
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return [part.strip() for each in value for part in each.split(",") if part.strip()]
    return value or []


def _each_once(names: list[str]) -> list[str]:
    """Return names without repetitions, in their order."""
    return list(dict.fromkeys(names))


def _as_task(value: object) -> object:
    return (value.strip().lower() or None) if isinstance(value, str) else value


def _check_address(name: str, address: str) -> None:
    try:
        check_url(address)
    except UrlBlockedError as error:
        raise UrlBlockedError(f"{name}: {error.message}") from None


class SubtitleBody(BaseModel):
    """Body of `/api/process` and `/api/stream`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    video_id: str | None = Field(None, description="YouTube id, or any id beside a URL")
    video_url: str | None = Field(None, description="Page of the video")
    stream_url: str | None = Field(None, description="Media address that the page plays")
    url: str | None = Field(None, description="Address of a media file or page")
    upload_id: str | None = Field(None, description="A finished upload of `/api/uploads`")
    captions: OptionalCaptions = Field(
        None, description="Captions instead of media: a file's text, or cues in milliseconds"
    )
    captions_lang: str | None = Field(None, description="Language of the captions")
    target_lang: str | None = Field(
        None, description="Language to translate into; none or absent for transcription alone"
    )
    source_lang: str | None = Field(None, description="Spoken language; auto or absent to detect")
    audio_track: int | str | None = Field(
        None, description="Audio track to hear: its index from 0, or its language"
    )
    task: Annotated[Task | None, BeforeValidator(_as_task)] = Field(
        "transcribe", description="translate: the transcriber writes other languages in English"
    )
    force_whisper: bool | None = Field(False, description="Do not reuse finished work")
    force_refresh: bool | None = Field(False, description="Do not reuse finished work")
    diarize: bool | None = Field(
        None, description="Say who speaks; absent for the server's own choice"
    )
    num_speakers: int | None = Field(None, ge=1, le=_MAX_SPEAKERS, description="Exactly so many")
    min_speakers: int | None = Field(None, ge=1, le=_MAX_SPEAKERS, description="At least so many")
    max_speakers: int | None = Field(None, ge=1, le=_MAX_SPEAKERS, description="At most so many")
    allowed_languages: Annotated[list[str], Field(fail_fast=True), BeforeValidator(_as_list)] = (
        Field(default_factory=list, description="Languages that detection chooses from")
    )
    profile: str | dict[str, JsonValue] | None = Field(
        None, description="Reading profile: its name, or an object (or its JSON text) of limits"
    )
    children: bool | None = Field(False, description="Reading speed of children")
    sdh: bool | None = Field(
        False, description="Subtitles for the deaf and hard of hearing, with their reading speed"
    )
    labels: bool | None = Field(
        None, description="Name speakers in the text where they change; absent: where sdh is true"
    )
    remove_sdh: bool | None = Field(
        False, description="Captions lose sounds in brackets, music signs and speaker labels"
    )
    shot_changes: bool | None = Field(
        None,
        description="Look for shot changes; absent: where the profile moves cues to them",
    )
    prompt: str | None = Field(None, description="Words that are likely to occur")
    position_s: float | None = Field(
        None, ge=0, le=_MAX_MS / 1000, description="Where the viewer watches; done first"
    )
    glossary: Annotated[dict[str, str], BeforeValidator(parse_glossary)] = Field(
        default_factory=dict, description="Terms and how they are to be translated"
    )
    formats: Annotated[
        list[str], Field(fail_fast=True), BeforeValidator(_as_list), AfterValidator(_each_once)
    ] = Field(default_factory=list, description="Subtitle files wanted in the result")
    store_files: bool | None = Field(
        False, description="Store the subtitle files; the result holds links instead of texts"
    )
    s3_config: dict[str, JsonValue] | str | None = Field(
        None,
        repr=False,
        validation_alias=AliasChoices("s3_config", "s3Config"),
        description="An S3-compatible store of yours for the files, as RunPod's s3Config",
    )

    @property
    def stores_files(self) -> bool:
        """Whether the subtitle files are to be stored."""
        return bool(self.store_files or self.s3_config)

    @property
    def wanted_formats(self) -> list[str]:
        """Subtitle files that the result has."""
        return self.formats or (list(DEFAULT_FORMATS) if self.stores_files else [])

    def check_sources(self, *, with_file: bool = False) -> None:
        """Check that the media is given in one way; a page and what it plays are one.

        Args:
            with_file: whether a file came with the body.

        Raises:
            SeveralSourcesError: it is given in several.
        """
        given = {
            "file": with_file,
            "upload_id": self.upload_id,
            "captions": self.captions,
            "url": self.url,
            "stream_url": self.stream_url,
            "video_url": self.video_url and not self.stream_url,
        }
        names = [name for name, value in given.items() if value]
        if len(names) > 1:
            raise SeveralSourcesError(names)

    def job_request(self, upload: UploadedFile | None) -> JobRequest:
        """Return the job request of the body.

        Raises:
            BadRequestError: a field is missing or wrong.
        """
        for name in self.formats:
            check_format(name)
        target = parse_target(self.target_lang)
        spoken = spoken_language(self.source_lang)
        task = self._task(spoken)
        source = upload or self._source(spoken)
        written = ENGLISH if task == "translate" else spoken
        if written is not None and isinstance(source, SentCaptions):
            written = known_language(source.language or "")
        if target and written and not needs_translation(written, target):
            target = None
        track = audio_track(self.audio_track)
        if track is not None and self.captions:
            raise InvalidFieldError("audio_track: captions have no sound")
        return JobRequest(
            source=source,
            target=target,
            spoken=spoken,
            task=task,
            profile=self.reading_profile(),
            diarize=self._finds_speakers(source),
            speakers=self._speakers(),
            allowed_languages=base_languages(self.allowed_languages),
            force_whisper=bool(self.force_whisper),
            force_refresh=bool(self.force_refresh),
            prompt=(self.prompt or "")[:_PROMPT_CHARS],
            glossary=glossary_terms(self.glossary),
            position_ms=seconds_to_ms(self.position_s or 0),
            audio_track=track,
            shot_changes=self.shot_changes,
            remove_sdh=bool(self.remove_sdh),
        )

    def _finds_speakers(self, source: Source) -> bool:
        """Whether speakers are wanted: labels cannot do without them, captions name their own."""
        if self.diarize is not None or isinstance(source, SentCaptions):
            return bool(self.diarize)
        return bool(self.labels)

    def reading_profile(self, default: ReadingProfile = DEFAULT_PROFILE) -> ReadingProfile:
        """Return the profile that the body names or describes, for its readers.

        Args:
            default: of a body that says nothing of it.

        Raises:
            InvalidProfileError: no profile has that name.
            InvalidFieldError: a limit is wrong.
        """
        profile = parse_profile(self.profile) if self.profile else default
        return profile.for_readers(
            children=bool(self.children), sdh=bool(self.sdh), labels=self.labels
        )

    def caption_language(self) -> Language | None:
        """Return the language of captions that come with the body; None where it is not named.

        Raises:
            InvalidFieldError: not a language.
        """
        named = self.captions.language if isinstance(self.captions, SentFile) else None
        tag = caption_language(named or self.captions_lang)
        return known_language(tag) if tag else spoken_language(self.source_lang)

    def _task(self, spoken: Language | None) -> Task:
        """Return the task; English speech leaves nothing to translate."""
        if spoken is not None and spoken.base == ENGLISH.base:
            return "transcribe"
        return self.task or "transcribe"

    def _speakers(self) -> SpeakerCount:
        least, most = self.min_speakers, self.max_speakers
        if least is not None and most is not None and least > most:
            raise InvalidFieldError("min_speakers is larger than max_speakers")
        return SpeakerCount(self.num_speakers, least, most)

    def _source(self, spoken: Language | None) -> Source:
        if self.video_id is not None:
            check_video_id(self.video_id)
        for name in ("url", "stream_url", "video_url"):
            address = getattr(self, name)
            if address:
                _check_address(name, address)
        if self.captions:
            return sent_captions(self.captions, self.captions_lang, spoken)
        address = self.url or self.stream_url or self.video_url
        if address:
            # The address of the media may have expired since the page played it.
            page = self.video_url if self.stream_url else None
            return MediaUrl(address, page or None)
        if not self.video_id:
            raise BadRequestError("video_id is required, or a file, url, upload_id or captions")
        return youtube_video(self.video_id)
