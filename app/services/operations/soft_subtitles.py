"""Subtitles of a request as files that a container takes as tracks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.cue import Cue
from app.domain.language import Language
from app.domain.language_tags import english_name, three_letters
from app.domain.profile import DEFAULT_PROFILE, profile_named
from app.services.captions.parse import parse_bounded
from app.services.operations.caption_operation import EditedCues, SubtitleSource, subtitle_bytes
from app.services.operations.operation_context import OperationContext
from app.services.operations.subtitle_script import own_script, shown_cues
from app.services.render.file_writer import render_bounded
from app.services.stages.caption_cues import caption_cues
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_TITLE_CHARS = 200


class SoftTrack(BaseModel):
    """A subtitle track to write: its text, its language and its marks."""

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    url_srt: SubtitleSource | None = Field(
        None, description="Address of the subtitles, in any format that is read, or their text"
    )
    subtitles: SubtitleSource | None = Field(None, description="The same as url_srt")
    job_id: str | None = Field(None, max_length=64, description="Subtitle job whose cues it has")
    edited: EditedCues = False
    language: str | None = Field(
        None, max_length=35, description="Language; of a job's cues, the one that is shown"
    )
    title: str | None = Field(None, max_length=_TITLE_CHARS, description="Name that players show")
    default: bool = Field(False, description="Whether players show it unasked")
    forced: bool = Field(False, description="Whether it holds what is foreign alone")
    hearing_impaired: bool = Field(False, description="Whether it describes sounds too")
    profile: str | None = Field(None, max_length=40, description="Reading profile")

    @model_validator(mode="after")
    def _has_text(self) -> Self:
        if not (self.url_srt or self.subtitles or self.job_id):
            raise ValueError("url_srt, subtitles or job_id is needed for each track")
        return self


@dataclass(frozen=True, slots=True)
class SoftFile:
    """A track's text as a file.

    Attributes:
        path: of the file.
        demuxer: ffmpeg's name of its format: ``srt``, ``ass`` or ``webvtt``.
        language: BCP 47 tag; ``und`` where it is not known.
        track: as it was asked for.
        notices: code and message of what was left out of the text.
    """

    path: Path
    demuxer: str
    language: str
    track: SoftTrack
    notices: tuple[tuple[str, str], ...] = ()

    @property
    def dispositions(self) -> str:
        """Marks as ffmpeg takes them: ``default+forced``; ``0`` for none."""
        marks = ("default", "forced", "hearing_impaired")
        return "+".join(mark for mark in marks if getattr(self.track, mark)) or "0"

    @property
    def title(self) -> str:
        """What players show: the caller's words, else the language in English."""
        if self.track.title is not None:
            return self.track.title
        return "" if self.language == "und" else english_name(self.language)

    def language_code(self, container: str) -> str:
        """Return the code of ISO 639-2 as a container has it: MP4 ``deu``, Matroska ``ger``."""
        if self.language == "und":
            return "und"
        return three_letters(self.language, bibliographic=container == "mkv")


async def soft_file(
    track: SoftTrack, number: int, context: OperationContext, *, keeps_style: bool
) -> SoftFile:
    """Write a track's text as a file into an operation's folder.

    Args:
        track: to write.
        number: of it, for the name of the file.
        context: of the operation.
        keeps_style: whether the container takes SubStation, which then stays as it is.

    Raises:
        InvalidCaptionsError: the text cannot be read.
        JobNotFoundError: there is no such job.
        InvalidLanguageError, InvalidProfileError: not one.
        CuestreamError: the text cannot be fetched.
    """
    language = _tag(track.language)
    profile = profile_named(track.profile) if track.profile else DEFAULT_PROFILE
    source = track.url_srt or track.subtitles
    notices: tuple[tuple[str, str], ...] = ()
    if source:
        data = await subtitle_bytes(source, context)
        captions = await parse_bounded(data, None, language or "und", "manual")
        notices = tuple((each.code, each.message) for each in captions.notices)
        language = language or captions.language
        own = await own_script(data, None, None) if keeps_style else ""
        if own:
            path = await _written(context, f"track{number}.ass", own)
            return SoftFile(path, "ass", language, track, notices)
        cues: list[Cue] = [cue async for cue in caption_cues(captions, profile)]
    else:
        found = await context.job_cues(track.job_id, edited=track.edited)
        cues, language = shown_cues(found, language)
        if track.edited:
            profile = replace(profile, free_translations=False)
    text = await render_bounded(cues, "srt", profile, language)
    path = await _written(context, f"track{number}.srt", text)
    return SoftFile(path, "srt", language, track, notices)


async def _written(context: OperationContext, name: str, text: str) -> Path:
    path = context.folder / name
    with storage_errors():
        await DISK.run(path.write_bytes, text.encode("utf-8", "replace"))
    return path


def _tag(text: str | None) -> str | None:
    return Language.parse(text).tag if text and text != "und" else None
