"""`caption_segments`: subtitles in a chosen style, a line for each sentence."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field, field_validator

from app.domain.cue import Cue
from app.services.captions.parse import parse_bounded
from app.services.media.picture_graph import shown_size
from app.services.operations.burn_in import burn_script
from app.services.operations.caption_operation import (
    CaptionInput,
    language_tag,
    subtitle_bytes,
    write_script,
)
from app.services.operations.force_style import ForcedStyle, parse_force_style
from app.services.operations.operation import MediaOperation, OperationResult, OutputFile
from app.services.operations.operation_context import OperationContext
from app.services.operations.subtitle_script import (
    ScriptTarget,
    cues_of,
    script_of_cues,
    shown_cues,
)

_SENTENCE_END = re.compile(r"(?<!\.)\. (?=\S)")
"""A full stop with a space, and no ellipsis."""

_COLOUR = r"^#[0-9A-Fa-f]{6}$"


class _Style(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class SegmentFont(_Style):
    """Font of the text."""

    name: str = Field("Arial", min_length=1, max_length=64)
    size: float = Field(36, ge=1, le=500)
    bold: bool = True


class SegmentColours(_Style):
    """Colours of the text and of its edge."""

    primary: str = Field("#FFFFFF", pattern=_COLOUR)
    outline: str = Field("#000000", pattern=_COLOUR)


class SegmentBorder(_Style):
    """Edge of the text: 1 an outline, 3 a box."""

    style: int = Field(1, ge=1, le=4)
    width: float = Field(3, ge=0, le=100)


class SegmentPosition(_Style):
    """Place of the text: 1 to 9 as on a keypad, and the distance from the edge."""

    alignment: int = Field(2, ge=1, le=9)
    margin_vertical: int = Field(20, ge=0, le=1080, alias="marginVertical")


class SegmentStyle(_Style):
    """Look of the subtitles; lengths are those of a picture of 1920 by 1080."""

    font: SegmentFont = Field(default_factory=SegmentFont)
    colors: SegmentColours = Field(default_factory=SegmentColours)
    border: SegmentBorder = Field(default_factory=SegmentBorder)
    position: SegmentPosition = Field(default_factory=SegmentPosition)
    uppercase: bool = False

    def forced(self) -> ForcedStyle:
        """Return the style as fields of a script's.

        Raises:
            InvalidFieldError: the font's name is none.
        """
        fields = {
            "Fontname": self.font.name,
            "Fontsize": self.font.size,
            "Bold": self.font.bold,
            "PrimaryColour": self.colors.primary,
            "OutlineColour": self.colors.outline,
            "BackColour": self.colors.outline,
            "BorderStyle": self.border.style,
            "Outline": self.border.width,
            "Shadow": 0,
            "Alignment": self.position.alignment,
            "MarginV": self.position.margin_vertical,
        }
        return parse_force_style(fields)


class CaptionSegmentsInput(CaptionInput):
    """Input of `caption_segments`."""

    style: SegmentStyle = Field(default_factory=SegmentStyle, description="Look of the subtitles")

    @field_validator("style", mode="before")
    @classmethod
    def _default(cls, value: object) -> object:
        return {} if value is None else value


async def burn_segments(wanted: CaptionSegmentsInput, context: OperationContext) -> OperationResult:
    """Burn subtitles into a video in a style, with a line break after each sentence.

    Raises:
        CuestreamError: the video or the subtitles cannot be fetched or read, or ffmpeg failed.
    """
    style, language = wanted.style.forced(), language_tag(wanted.language)
    fetching, encoding = context.steps(1, 9)
    video = await fetching.fetch(wanted.url_video, "video")
    facts = await fetching.facts(video)
    target = ScriptTarget(shown_size(facts), language or "und", style, wanted.profile)
    target = replace(target, style=replace(style, canvas=target.canvas))
    cues, target, notices = await _cues(wanted, fetching, target)
    styled = [segment_cue(cue, uppercase=wanted.style.uppercase) for cue in cues]
    script = await write_script(context, await script_of_cues(styled, target))
    output = context.folder / "captioned.mp4"
    burned = await burn_script(encoding, video, facts, script, output)
    return OperationResult(
        (OutputFile(output, f"{uuid.uuid4()}_captioned.mp4"),),
        "Caption added successfully",
        {"encoder": burned.encoder},
        notices=(*notices, *burned.notices),
    )


def segment_cue(cue: Cue, *, uppercase: bool) -> Cue:
    """Return a cue as it is shown: each sentence begins a line."""
    text = _SENTENCE_END.sub(".\n", cue.shown)
    text = text.upper() if uppercase else text
    # Capitals may be longer than their letters, and places of styles are counted by letters.
    runs = cue.shown_runs if len(text) == len(cue.shown) else ()
    return replace(cue, text=text, translation=None, runs=runs, translation_runs=())


async def _cues(
    wanted: CaptionSegmentsInput, context: OperationContext, target: ScriptTarget
) -> tuple[list[Cue], ScriptTarget, tuple[tuple[str, str], ...]]:
    source = wanted.url_srt or wanted.subtitles
    if source is None:
        found = await context.job_cues(wanted.job_id, edited=wanted.edited)
        cues, language = shown_cues(found, language_tag(wanted.language))
        return cues, replace(target, language=language, edited=wanted.edited), ()
    data = await subtitle_bytes(source, context)
    captions = await parse_bounded(data, None, target.language, "manual")
    language = captions.language if target.language == "und" else target.language
    notices = tuple((each.code, each.message) for each in captions.notices)
    return await cues_of(captions, target), replace(target, language=language), notices


CAPTION_SEGMENTS = MediaOperation(
    name="caption_segments",
    summary="Burn subtitles into a video in a style",
    input=CaptionSegmentsInput,
    run=burn_segments,
    required=(("url_video",), ("url_srt", "subtitles", "job_id")),
    example={
        "url_video": "https://example.com/talk.mp4",
        "url_srt": "https://example.com/talk.srt",
        "style": {
            "font": {"name": "Noto Sans", "size": 48, "bold": True},
            "colors": {"primary": "#FFFFFF", "outline": "#000000"},
            "position": {"alignment": 2, "marginVertical": 60},
            "uppercase": True,
        },
    },
)
