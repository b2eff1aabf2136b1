"""`/playlist/info`: the videos of a playlist or a channel, for clients of a download service."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from app.container import Services
from app.domain import errors as e
from app.domain.events import Notice
from app.routers.access.api_keys import require_key
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import described
from app.routers.document_routes import UrlQuery
from app.routers.encoders import Payload
from app.routers.patient_json import patient_json
from app.routers.raised_errors import answers_late, family, raises
from app.services.net.fetch import check_url
from app.services.sources.ytdlp.playlist_info import (
    MOST_ENTRIES,
    FoundPlaylist,
    ListedVideo,
    PlaylistWish,
)
from app.submission.page_slots import page_slot

router = APIRouter(
    tags=["documents"],
    dependencies=[Depends(require_key), rate_limited("subtitles")],
    route_class=GuardedRoute,
)

_DAY = r"^([0-9]{8}|(now|today|yesterday)(-[0-9]{1,4}(day|week|month|year)s?)?)$"
_PLACE = r"[+-]?[0-9]{1,5}"
_PLACES = rf"({_PLACE}|({_PLACE})?[:-]({_PLACE}|inf|infinite)?(:{_PLACE})?)"
_ITEMS = rf"^{_PLACES}(,{_PLACES})*$"
"""As yt-dlp reads them. Source: its option ``--playlist-items``."""

DayQuery = Annotated[
    str | None, Query(pattern=_DAY, description="YYYYMMDD, today, or such as today-1week")
]


@router.get(
    "/playlist/info",
    **described("listPlaylist", "List a playlist's videos", dict[str, object]),
)
@raises(
    e.InvalidFieldError,
    e.UrlBlockedError,
    e.OverloadedError,
    e.ResourceLimitError,
    e.StorageError,
    *family(e.SourceError),
)
@answers_late
async def playlist_info(
    request: Request,
    services: ServicesDep,
    url: UrlQuery,
    dateafter: DayQuery = None,
    datebefore: DayQuery = None,
    max_items: Annotated[int | None, Query(ge=1, le=MOST_ENTRIES)] = None,
    items: Annotated[
        str | None,
        Query(pattern=_ITEMS, max_length=200, description="Places: 1:3,7 or -5: for the last five"),
    ] = None,
) -> Response:
    """Return the videos of a playlist or a channel, without looking at each of them.

    `items` chooses places, then both days by what the list tells of days, then `max_items` the
    first of what is left. A video's page is a list of one.
    """
    wish: PlaylistWish = {
        "items": items,
        "dateafter": dateafter,
        "datebefore": datebefore,
        "max_items": max_items,
    }
    payload = _payload(services, url.strip(), wish)
    return await patient_json(request, payload, services.settings.server.sync_keepalive_after_s)


async def _payload(services: Services, url: str, wish: PlaylistWish) -> Payload:
    check_url(url)
    async with page_slot():
        found = await services.opener.playlist(url, wish)
    notices = [asdict(each) for each in _notices(found)]
    return {
        "playlist_title": "Single Video" if found["single"] else found["title"] or None,
        "playlist_url": found["url"] or url,
        "channel": found["channel"] or None,
        "channel_id": found["channel_id"] or None,
        "channel_url": found["channel_url"] or None,
        "video_count": len(found["videos"]),
        "total_count": found["total_count"],
        "videos": [_video(each) for each in found["videos"]],
        "filters_applied": dict(wish),
        **({"notices": notices} if notices else {}),
    }


def _video(listed: ListedVideo) -> Payload:
    seconds = listed["duration_s"]
    return {
        "url": listed["url"],
        "title": listed["title"] or None,
        "duration": None if seconds is None else _clock(int(seconds)),
        "duration_seconds": None if seconds is None else int(seconds),
        "upload_date": listed["upload_date"],
        "index": listed["index"],
        "id": listed["id"] or None,
        "views": listed["views"],
        "description": listed["description"] or None,
    }


def _clock(seconds: int) -> str:
    """Return ``1:27:41``, and ``3:33`` below an hour."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _notices(found: FoundPlaylist) -> list[Notice]:
    notices = []
    if found["cut"]:
        text = f"The list is longer than the {MOST_ENTRIES} entries that are looked at"
        notices.append(Notice("playlist_cut", text))
    if found["undated"]:
        text = f"The list does not tell the days of {found['undated']} of these videos"
        notices.append(Notice("upload_dates_unknown", text))
    if found["approximate_dates"]:
        text = "The site tells days as a time ago: they may be off by as much as its unit"
        notices.append(Notice("upload_dates_approximate", text))
    return notices
