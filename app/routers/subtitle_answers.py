"""Answers of operations on subtitle files, as the API's description has them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from app.routers.job_answers import Absent, Answer, CodedNotice, Quality, Subtitle


class QualityFault(Answer):
    """A cue that breaks a rule."""

    cue: int = Field(description="Its number in the file, from 1; 0 for the file as a whole")
    start: int | None = Field(description="Milliseconds")
    end: int | None = Field(description="Milliseconds")
    value: float | str | None = Field(description="What was measured, or the text that is meant")


class QualityRuleReport(Answer):
    """A rule with all that breaks it."""

    rule: str
    meaning: str
    severity: Literal["error", "advice"] = Field(description="Errors count in the score")
    checked: bool = Field(description="Whether profile, language and picture give it a meaning")
    limit: float | str | None = Field(description="The profile's number")
    unit: str
    count: int
    faults: list[QualityFault]


class QualityAnswer(Answer):
    """What quality control found."""

    profile: str
    language: str
    cues: int
    conforming: int = Field(description="Cues without an error")
    score: float = Field(description="Their share, 0 to 1")
    rules: list[QualityRuleReport]
    notices: list[CodedNotice] | Absent = None


class WorkedSubtitle(Subtitle):
    """One cue, which nobody transcribed."""

    confidence: float | Absent = None  # type: ignore[assignment]


class WorkedSubtitles(Answer):
    """Subtitles that were worked on."""

    subtitles: list[WorkedSubtitle]
    language: str
    formats: dict[str, str] | Absent = Field(None, description="Subtitle files by format")
    formats_base64: list[str] | Absent = Field(
        None, description="Those of formats that are binary, and therefore in base64"
    )
    notices: list[CodedNotice] | Absent = None


class LaidOutSubtitles(WorkedSubtitles):
    """Subtitles by another profile."""

    quality: Quality


class BilingualSubtitles(WorkedSubtitles):
    """Two files in one: `text` is the first language's, `translatedText` the second one's."""

    second_language: str
    matched: float = Field(description="Share of the cues that have both languages, 0 to 1")
    quality: Quality = Field(description="Of the first language")
    second_quality: Quality


class SyncPieceAnswer(Answer):
    """Cues with one offset."""

    first: int = Field(description="Number of the first cue in order of time, from 1")
    last: int
    offset_ms: int


class SyncAnswer(Answer):
    """How the times were mended: `time * ratio + offset_ms`."""

    offset_ms: int = Field(description="Of most cues")
    ratio: float = Field(description="Between frame rates; 1 without drift")
    confidence: float = Field(description="That file and media belong together so, 0 to 1")
    method: Literal["speech", "words"]
    matched: float = Field(description="Share of the cues or words that speak for it")
    pieces: list[SyncPieceAnswer]


class RetimedSubtitles(WorkedSubtitles):
    """Subtitles in the times of their media."""

    sync: SyncAnswer
    quality: Quality


class AlignmentAnswer(Answer):
    """How a text lies in what is said."""

    confidence: float = Field(description="That the text is what is said, 0 to 1")
    words: int
    known: int = Field(description="Words whose own time was found")
    matched: float = Field(
        description="Share of the words that match: of the text's, or of those heard where less"
    )


class AlignedSubtitles(WorkedSubtitles):
    """A text with its times."""

    alignment: AlignmentAnswer
    quality: Quality
