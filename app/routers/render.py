"""`/api/render`: cues in, a subtitle file out."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ValidationError

from app.domain.cue import Cue
from app.domain.errors import InvalidFieldError
from app.domain.profile import DEFAULT_PROFILE, profile_named
from app.domain.time import Span
from app.routers.deps import require_key
from app.routers.errors import describe
from app.routers.intake import read_json
from app.routers.schemas import CueBody, RenderBody
from app.services.render.formats import FORMATS, check_format, render

router = APIRouter(prefix="/api", tags=["subtitles"], dependencies=[Depends(require_key)])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": RenderBody.model_json_schema()}},
    }
}


@router.post("/render", openapi_extra=_BODY)
async def render_cues(request: Request) -> Response:
    """Write cues as srt, vtt, ass, ttml, json or txt."""
    try:
        body = RenderBody.model_validate(await read_json(request))
    except ValidationError as error:
        raise InvalidFieldError(describe(error.errors(include_url=False))) from None
    check_format(body.format)
    profile = profile_named(body.profile) if body.profile else DEFAULT_PROFILE
    cues = [_cue(number, cue) for number, cue in enumerate(_sorted(body.cues))]
    # Breaking lines is CPU work: seconds for the largest bodies.
    text = await asyncio.to_thread(render, cues, body.format, profile, body.language or "und")
    kind = FORMATS[body.format]
    headers = {"Content-Disposition": f'inline; filename="subtitles.{kind.extension}"'}
    return Response(text, media_type=kind.media_type, headers=headers)


def _sorted(cues: list[CueBody]) -> list[CueBody]:
    return sorted(cues, key=lambda cue: (cue.start, cue.end))


def _cue(number: int, cue: CueBody) -> Cue:
    if cue.end <= cue.start:
        raise InvalidFieldError(f"cues.{number}: end must be after start")
    return Cue(
        id=number,
        span=Span(cue.start, cue.end),
        text=cue.text,
        translation=cue.translatedText or None,
        speaker=cue.speaker,
    )
