"""Input of `dub`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from app.services.dubbing.dub_mix import MixMode
from app.services.operations.caption_operation import EditedCues, SubtitleSource
from app.services.operations.media_source import MediaSource
from app.services.operations.operation import PackagedInput, few_entries

DubOutput = Literal["audio", "track", "video"]
"""A file of the sound alone, the video with it as a further track, or the video with no other."""

SoundFormat = Literal["flac", "wav", "mp3", "m4a", "opus"]

_Label = Annotated[str, StringConstraints(min_length=1, max_length=100)]
_MOST_SPEAKERS = 100


class DubInput(PackagedInput):
    """Input of `dub`."""

    url_video: MediaSource | None = Field(
        None, description="Address of the video or the recording; absent, only speech comes back"
    )
    url_srt: SubtitleSource | None = Field(
        None, description="Address of the subtitles that are spoken, in any format, or their text"
    )
    subtitles: SubtitleSource | None = Field(None, description="The same as url_srt")
    job_id: str | None = Field(
        None, max_length=64, description="Subtitle job whose cues are spoken"
    )
    edited: EditedCues = False
    target_lang: str | None = Field(
        None, max_length=35, description="Language that is spoken; what is in another is translated"
    )
    source_lang: str | None = Field(
        None, max_length=35, description="Language of the recording, or of the subtitles"
    )
    diarize: bool | None = Field(
        None, description="Whether a recording's speakers are told apart; the server's choice else"
    )
    voice: _Label | None = Field(None, description="Voice of everybody to whom voices gives none")
    voices: Annotated[dict[_Label, _Label], BeforeValidator(few_entries)] = Field(
        default_factory=dict,
        max_length=_MOST_SPEAKERS,
        description="Voices of speakers, by their labels",
    )
    mode: MixMode = Field(
        "duck", description="What becomes of the original sound: duck, replace or mix"
    )
    duck_db: float = Field(
        15, ge=0, le=60, description="By how much the original is lower under speech, in dB"
    )
    output: DubOutput = Field(
        "audio",
        description="audio: a sound file; track: the video with the dub as a further track; "
        "video: the video with the dub as its only sound",
    )
    format: SoundFormat = Field("flac", description="Format of the sound file")
    default_track: bool = Field(
        False, description="Whether players choose the further track unless told otherwise"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """Check what fields say together."""
        if self.url_video is None and (self.output != "audio" or self.mode != "replace"):
            raise ValueError("url_video: without it, output must be audio and mode replace")
        if self.url_video is None and not (self.job_id or self.url_srt or self.subtitles):
            raise ValueError("url_video, url_srt or job_id: one of them is needed")
        return self
