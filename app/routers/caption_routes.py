"""`/api/subtitles`: a video's captions, for clients that translate them themselves."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from app.domain.language import Language
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.encoders import Payload
from app.routers.patient_json import patient_json
from app.routers.raised_errors import SITE_CAPTION_ERRORS, answers_late, raises
from app.routers.server_answers import Json3Captions
from app.services.captions.lookup import FoundCaptions
from app.services.captions.readers.caption_json import write_json3
from app.submission.request_fields import language_code, youtube_video

router = APIRouter(
    prefix="/api",
    tags=["subtitles"],
    dependencies=[Depends(require_key), rate_limited("subtitles")],
    route_class=GuardedRoute,
)


VideoIdQuery = Annotated[
    str,
    Query(
        description="A YouTube id; required", openapi_examples={"video": {"value": "dQw4w9WgXcQ"}}
    ),
]


@router.get(
    "/subtitles",
    **described(
        "getVideoCaptions",
        "Get the captions that a YouTube video has",
        Json3Captions,
        answer="The captions; an answer that began late may be an error in its place",
    ),
)
@raises(*SITE_CAPTION_ERRORS)
@answers_late
async def subtitles(
    request: Request,
    services: ServicesDep,
    video_id: VideoIdQuery = "",
    lang: Annotated[str, Query(description="Wanted language, in any spelling")] = "en",
    tier: Annotated[str, Query(description="Ignored")] = "",
) -> Response:
    """Return a YouTube video's captions as json3, whatever format the site has them in.

    Without captions in the language English ones come, with `_metadata`. What of the site's file
    was repaired or cannot be used is in `notices`. `tier` is ignored.
    """
    del tier
    page_url = youtube_video(video_id).page_url
    language = language_code(lang)

    async def payload() -> Payload:
        return _payload(await services.caption_lookups.find(page_url, language))

    return await patient_json(request, payload(), services.settings.server.sync_keepalive_after_s)


def _payload(found: FoundCaptions) -> Payload:
    body: Payload = write_json3(found.captions)
    if found.is_fallback:
        body["_metadata"] = _fallback(found)
    if notices := (*found.captions.notices, *found.page_notices):
        body["notices"] = [dataclasses.asdict(notice) for notice in notices]
    return body


def _fallback(found: FoundCaptions) -> Payload:
    actual = Language(found.track.language)
    return {
        "requested_language": found.requested.tag,
        "actual_language": actual.tag,
        "used_fallback": True,
        "warning": (
            f"No captions in {found.requested.english_name}; these are in {actual.english_name}"
        ),
    }
