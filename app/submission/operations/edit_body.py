"""Bodies of requests about the edited cues of a job."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.edited_cue import EditedCue

MOST_CUES = 20_000
"""Ten times the cues of a film."""

_LATEST_MS = 10**9
_MOST_ID = 2**53 - 1
"""The largest integer that every JSON reader has exactly; see RFC 8259, section 6."""

_TEXT_CHARS = 4000
_LABEL_CHARS = 200
_MOST_TRANSLATED = 500
_MOST_BYTES = 2**23
"""Of the texts of all cues together, about."""

Milliseconds = Annotated[int, Field(ge=0, le=_LATEST_MS)]
CueId = Annotated[int, Field(ge=0, le=_MOST_ID)]
CueText = Annotated[str, Field(max_length=_TEXT_CHARS)]


class EditedCueBody(BaseModel):
    """One cue."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: CueId = Field(description="Unique; that of the job's cue, or a new one")
    start_ms: Milliseconds
    end_ms: Milliseconds = Field(description="Later than the start")
    text: CueText = Field(description="In the language that is spoken")
    translation: CueText | None = Field(None, description="In the target language")
    speaker: Annotated[str, Field(max_length=_LABEL_CHARS)] | None = None
    origin: CueId | None = Field(
        None, description="The job's cue that it comes from, whose style and place it keeps"
    )

    @model_validator(mode="after")
    def _check_times(self) -> EditedCueBody:
        if self.end_ms <= self.start_ms:
            raise ValueError("a cue ends after its start")
        return self

    def cue(self) -> EditedCue:
        """Return the cue."""
        return EditedCue(**dict(self))


class EditsBody(BaseModel):
    """Body of `PUT /api/jobs/{job_id}/edits`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    cues: Annotated[list[EditedCueBody], Field(max_length=MOST_CUES, fail_fast=True)] = Field(
        description=f"All cues in any order, {MOST_CUES:,} at most"
    )

    @model_validator(mode="after")
    def _check_whole(self) -> EditsBody:
        if len({cue.id for cue in self.cues}) < len(self.cues):
            raise ValueError("cues: two have one id")
        if sum(len(cue.text) + len(cue.translation or "") for cue in self.cues) > _MOST_BYTES:
            raise ValueError(f"cues: their texts have at most {_MOST_BYTES:,} characters together")
        return self


class LineToTranslate(BaseModel):
    """A cue whose text is to be translated."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: CueId
    text: Annotated[str, Field(min_length=1, max_length=_TEXT_CHARS)]


class TranslateCuesBody(BaseModel):
    """Body of `/api/jobs/{job_id}/edits/translate`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    cues: Annotated[
        list[LineToTranslate],
        Field(min_length=1, max_length=_MOST_TRANSLATED, fail_fast=True),
    ] = Field(
        description=f"In their order, {_MOST_TRANSLATED} at most; each is told its neighbours"
    )
    target_lang: str | None = Field(
        None, max_length=100, description="Language to translate into; the job's unless given"
    )


class LineToAlign(BaseModel):
    """A cue whose time is to be found by its words."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: CueId
    text: Annotated[str, Field(max_length=_TEXT_CHARS)]


class AlignCuesBody(BaseModel):
    """Body of `/api/jobs/{job_id}/edits/align`; unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore")

    cues: Annotated[
        list[LineToAlign], Field(min_length=1, max_length=MOST_CUES, fail_fast=True)
    ] = Field(description="In their order, in the language that is spoken")
    from_ms: Milliseconds = Field(0, description="They are said after this time")
    until_ms: Milliseconds | None = Field(
        None, description="They are said before this time; to the end of the recording unless given"
    )
