"""`caption`: subtitles burned into a video."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, InstanceOf, StringConstraints, WithJsonSchema

from app.domain.language import Language
from app.domain.profile import profile_named
from app.services.media.picture_graph import shown_size
from app.services.operations.burn_in import burn_script
from app.services.operations.force_style import UNFORCED, parse_force_style
from app.services.operations.operation import (
    LocalMedia,
    MediaOperation,
    MediaSource,
    OperationResult,
    OutputFile,
    PackagedInput,
    few_entries,
)
from app.services.operations.operation_context import OperationContext
from app.services.operations.subtitle_script import (
    ScriptTarget,
    SubtitleScript,
    script_of_cues,
    script_of_file,
    shown_cues,
)
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_TEXT_CHARS = 10 * 2**20

SubtitleSource = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=_TEXT_CHARS)]
    | InstanceOf[LocalMedia],
    WithJsonSchema({"type": "string"}),
]
"""Subtitles of a request: their address, their text, or an upload."""


EditedCues = Annotated[
    bool, Field(description="Whether the job's cues are taken as the caller has edited them")
]


class CaptionInput(PackagedInput):
    """Input of `caption`."""

    url_video: MediaSource = Field(description="Address of the video")
    url_srt: SubtitleSource | None = Field(
        None, description="Address of the subtitles, in any format that is read, or their text"
    )
    subtitles: SubtitleSource | None = Field(None, description="The same as url_srt")
    job_id: str | None = Field(
        None, max_length=64, description="Subtitle job whose cues are burned in"
    )
    edited: EditedCues = False
    language: str | None = Field(
        None,
        max_length=35,
        description="Language of the subtitles; of a job's cues, the one that is shown",
    )
    profile: str | None = Field(
        None, max_length=40, description="Reading profile; by the picture's shape unless given"
    )
    force_style: Annotated[
        Mapping[str, str | int | float | bool] | str | None,
        BeforeValidator(few_entries),
        Field(description="Fields of an ASS style: an object, or text as libass has it"),
    ] = None


async def burn_captions(wanted: CaptionInput, context: OperationContext) -> OperationResult:
    """Burn subtitles into a video; its sound is copied.

    Raises:
        CuestreamError: the video or the subtitles cannot be fetched or read, or ffmpeg failed.
    """
    style = parse_force_style(wanted.force_style) if wanted.force_style else UNFORCED
    language = language_tag(wanted.language)
    if wanted.profile:
        profile_named(wanted.profile)
    fetching, encoding = context.steps(1, 9)
    video = await fetching.fetch(wanted.url_video, "video")
    facts = await fetching.facts(video)
    target = ScriptTarget(shown_size(facts), language or "und", style, wanted.profile)
    script = await _script(wanted, fetching, target)
    path = await write_script(context, script.text)
    output = context.folder / "captioned.mp4"
    burned = await burn_script(encoding, video, facts, path, output)
    return OperationResult(
        (OutputFile(output, f"{uuid.uuid4()}_captioned.mp4"),),
        "Caption added successfully",
        {"encoder": burned.encoder, "force_style_applied": bool(style.fields)},
        notices=(*script.notices, *burned.notices),
    )


async def _script(
    wanted: CaptionInput, context: OperationContext, target: ScriptTarget
) -> SubtitleScript:
    source = wanted.url_srt or wanted.subtitles
    if source:
        return await script_of_file(await subtitle_bytes(source, context), target)
    found = await context.job_cues(wanted.job_id, edited=wanted.edited)
    cues, language = shown_cues(found, language_tag(wanted.language))
    shown = replace(target, language=language, edited=wanted.edited)
    return SubtitleScript(await script_of_cues(cues, shown))


async def subtitle_bytes(source: str | LocalMedia, context: OperationContext) -> bytes:
    """Return the bytes of subtitles: of an address, of an upload, or of a text itself.

    Raises:
        CuestreamError: see `OperationContext.fetch_text`.
    """
    if isinstance(source, str) and not is_address(source):
        return source.encode("utf-8", "replace")
    return await context.fetch_text(source, "subtitles")


def is_address(text: str) -> bool:
    """Whether a text is an address rather than subtitles: one line with a scheme."""
    stripped = text.strip()
    head = stripped[:20].lower()
    return "\n" not in stripped and ("://" in head or head.startswith(("http:", "https:", "file:")))


async def write_script(context: OperationContext, text: str) -> Path:
    """Write a script into an operation's folder; return its path."""
    path = context.folder / "captions.ass"
    with storage_errors():
        await DISK.run(path.write_text, text.encode("utf-8", "replace").decode(), "utf-8")
    return path


def language_tag(text: str | None) -> str | None:
    """Return a language's tag in standard spelling; None where it is not given.

    Raises:
        InvalidLanguageError: not a language.
    """
    return Language.parse(text).tag if text and text != "und" else None


CAPTION = MediaOperation(
    name="caption",
    summary="Burn subtitles into a video",
    input=CaptionInput,
    run=burn_captions,
    required=(("url_video",), ("url_srt", "subtitles", "job_id")),
    example={
        "url_video": "https://example.com/talk.mp4",
        "url_srt": "https://example.com/talk.srt",
        "force_style": {"FontSize": 20, "PrimaryColour": "#FFFF00"},
    },
)
