"""`/api/render`: cues in, a subtitle file out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.domain.cue import Cue
from app.domain.custom_profile import parse_profile
from app.domain.dialogue_turns import with_turns
from app.domain.errors import (
    InvalidFieldError,
    InvalidFormatError,
    InvalidLanguageError,
    InvalidProfileError,
    TooMuchWorkError,
)
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style_fields import read_pieces, read_placement
from app.domain.time import Span
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.described import SUBTITLE_TEXTS, described
from app.routers.disconnect import cancel_on_disconnect
from app.routers.edge.request_body import large_json
from app.routers.job_answers import SubtitleFile
from app.routers.raised_errors import raises
from app.services.captions.raw_captions import CAPTIONS_AT_MOST
from app.services.render.formats import FORMATS, check_format, render_bounded
from app.submission.request_fields import language_code

_MAX_MS = 10**9
"""Eleven days: longer than any recording."""

router = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[Depends(require_key)],
    route_class=GuardedRoute,
)


class CueBody(BaseModel):
    """One cue as clients write it: ours with its unit, the extension's without."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    start: int = Field(ge=0, le=_MAX_MS, description="Start in milliseconds")
    end: int = Field(ge=0, le=_MAX_MS, description="End in milliseconds")
    text: str
    translatedText: str | None = None  # noqa: N815 - the extension's spelling
    speaker: str | None = None
    placement: dict[str, Any] | None = Field(None, description="Where it stands, as in results")
    styled_text: list[dict[str, Any]] | None = Field(
        None, description="Pieces of the text with their styles, as in results"
    )
    styled_translation: list[dict[str, Any]] | None = Field(
        None, description="The same of the translation"
    )


class RenderBody(BaseModel):
    """Body of `/api/render`."""

    model_config = ConfigDict(extra="ignore")

    cues: Annotated[list[CueBody], Field(fail_fast=True)] = Field(
        min_length=1, max_length=CAPTIONS_AT_MOST
    )
    format: str
    profile: str | dict[str, JsonValue] | None = Field(
        None, description="Reading profile: its name, or an object of limits"
    )
    language: str | None = Field(None, description="Language of the text shown")

    def language_tag(self) -> str:
        """Return the BCP 47 tag of the text shown, ``und`` where the body names none.

        Raises:
            InvalidLanguageError: not a language.
        """
        if not self.language or self.language == "und":
            return "und"
        return language_code(self.language).tag


_EXAMPLE = {
    "format": "vtt",
    "language": "es",
    "cues": [
        {
            "start": 500,
            "end": 2300,
            "text": "Hello",
            "translatedText": "Hola",
            "speaker": "SPEAKER_01",
        }
    ],
}


@router.post(
    "/render",
    dependencies=[large_json()],
    **described(
        "renderSubtitles",
        "Write cues as a subtitle file",
        SubtitleFile,
        content=SUBTITLE_TEXTS,
        example=_EXAMPLE,
    ),
)
@raises(
    InvalidFieldError,
    InvalidFormatError,
    InvalidProfileError,
    InvalidLanguageError,
    TooMuchWorkError,
)
async def render_cues(request: Request, body: RenderBody) -> Response:
    """Write cues as srt, vtt, ass, ttml, json or txt. The work stops when the client leaves."""
    check_format(body.format)
    profile = parse_profile(body.profile) if body.profile else DEFAULT_PROFILE
    cues = [_cue(number, cue) for number, cue in enumerate(_sorted(body.cues))]
    text = await cancel_on_disconnect(
        request, render_bounded(cues, body.format, profile, body.language_tag())
    )
    kind = FORMATS[body.format]
    headers = {"Content-Disposition": f'inline; filename="subtitles.{kind.extension}"'}
    return Response(text, media_type=kind.media_type, headers=headers)


def _sorted(cues: list[CueBody]) -> list[CueBody]:
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _cue(number: int, cue: CueBody) -> Cue:
    if cue.end <= cue.start:
        raise InvalidFieldError(f"cues.{number}: end must be after start")
    text, translation = _turns(cue.text), _turns(cue.translatedText or "")
    # A result without a translation repeats the text in its place, not the pieces of it.
    same = cue.styled_text if translation == text else None
    return Cue(
        id=number,
        span=Span(cue.start, cue.end),
        text=text,
        translation=translation or None,
        speaker=cue.speaker,
        placement=read_placement(cue.placement),
        runs=read_pieces(cue.styled_text, text),
        translation_runs=read_pieces(cue.styled_translation or same, translation),
    )


def _turns(text: str) -> str:
    """Return a text with the line breaks between speakers' turns alone: lines are laid out anew."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    return "\n".join(" ".join(turn) for turn in with_turns(lines))
