"""Answers about edited cues, as the API's description has them."""

from __future__ import annotations

from pydantic import Field

from app.routers.job_answers import Absent, Answer, CodedNotice, PaidUsage
from app.routers.subtitle_answers import AlignmentAnswer, QualityAnswer


class EditedCueAnswer(Answer):
    """A cue in an editor."""

    id: int
    start_ms: int
    end_ms: int
    text: str
    translation: str | None
    speaker: str | None
    origin: int | None = Field(description="The job's cue that it comes from")


class EditedSubtitles(Answer):
    """A job's cues as edited."""

    job_id: str
    version: int = Field(description="Of the edits; 0 where there never were any")
    edited: bool = Field(description="Whether they differ from the job's own")
    language: str = Field(description="Of the texts")
    target_lang: str | None = Field(description="Of the translations")
    shown_language: str = Field(description="Of what subtitle files show")
    duration_ms: int = Field(description="Of the recording")
    cues: list[EditedCueAnswer]


class EditsVersion(Answer):
    """What is stored now."""

    job_id: str
    version: int
    edited: bool


class EditedQuality(QualityAnswer):
    """What quality control found in edited cues."""

    ids: list[int] = Field(description="Of the cues by their numbers")


class TranslatedCue(Answer):
    """A cue's new translation."""

    id: int
    translation: str


class TranslatedCues(Answer):
    """New translations."""

    cues: list[TranslatedCue]
    target_lang: str
    usage: PaidUsage | None
    notices: list[CodedNotice] | Absent = None


class AlignedCue(Answer):
    """A cue's new time."""

    id: int
    start_ms: int
    end_ms: int


class AlignedCues(Answer):
    """New times."""

    cues: list[AlignedCue]
    alignment: AlignmentAnswer


class Waveform(Answer):
    """The loudest samples of a recording."""

    bin_ms: int
    length_ms: int
    peaks_base64: str = Field(description="A byte for each bin; 255 is full scale")
