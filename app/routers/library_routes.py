"""Webhooks of Plex, Jellyfin, Emby and Tautulli, and subgen's `/batch`, on subgen's routes.

Each answers at once; the films wait in the queue, which outlives the server.
Source: https://github.com/McCloudS/subgen, and the media servers' documentation of webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from app.domain import errors as e
from app.domain.errors import BadRequestError, InvalidFieldError, StorageError, UnauthorizedError
from app.domain.json_text import read_json
from app.routers.access.api_keys import matching_key, require_key
from app.routers.access.callers import caller_name
from app.routers.access.guarded_route import GuardedRoute
from app.routers.access.rate_limited import rate_limited
from app.routers.access.sent_keys import allow_key_in_query
from app.routers.dependencies import ServicesDep, require_admission, services_of
from app.routers.described import TEXT, described
from app.routers.edge.json_request import JsonRequest
from app.routers.edge.request_body import is_multipart, large_json
from app.routers.form_parts import TextField
from app.routers.form_reader import parse_form
from app.routers.raised_errors import raises, wants_key
from app.settings.library_settings import LibraryEvent
from app.submission.envelopes.library_envelope import require_libraries
from app.submission.key_owner import key_owner
from app.submission.queue.stored_calls import enqueue_call
from app.submission.queue.ticket import JobOrder, TicketOwner

_PAYLOAD_BYTES = 2**20
_PATH_CHARS = 4096
_ITEM_CHARS = 64
"""Linux's longest path; ids of items have 36 characters at most."""

_ADDED, _PLAYED, _TEST = "added", "played", "test"
_EVENTS: Mapping[str, str] = {
    "library.new": _ADDED,
    "media.play": _PLAYED,
    "itemadded": _ADDED,
    "playbackstart": _PLAYED,
    "playback.start": _PLAYED,
    "system.notificationtest": _TEST,
    "added": _ADDED,
    "created": _ADDED,
    "played": _PLAYED,
    "play": _PLAYED,
}
"""Events of the media servers, in lower case. Others are answered and nothing is done."""


@wants_key("ApiKey", "Bearer")
@raises(UnauthorizedError)
async def _require_sender(request: Request) -> None:
    """Require a key, in a header, in the path (`/k/KEY/plex`) or as `?token=`.

    Raises:
        UnauthorizedError: no key, or a wrong one.
    """
    allow_key_in_query(request)
    await require_key(request)


@raises(e.UnavailableOptionError)
async def _require_libraries(request: Request) -> None:
    """Refuse what tells of films where no folder of films is named."""
    require_libraries(services_of(request).settings.libraries)


router = APIRouter(
    tags=["media"],
    dependencies=[
        Depends(_require_sender),
        rate_limited("process"),
        Depends(require_admission),
        Depends(_require_libraries),
        large_json(),
    ],
    route_class=GuardedRoute,
)

_ERRORS = (BadRequestError, InvalidFieldError, StorageError, e.OverloadedError)
_NOTHING: dict[str, Any] = {"content": {"application/json": {"schema": TEXT}}}


def _json_body(example: Mapping[str, str]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}, "example": dict(example)}}
    return {"requestBody": {"required": True, "content": content}}


_JELLYFIN = {"NotificationType": "ItemAdded", "ItemId": "0123456789abcdef0123456789abcdef"}
_TAUTULLI = {"event": "added", "file": "/films/Film.mkv"}
_PLEX = '{"event": "library.new", "Metadata": {"ratingKey": "77"}}'
_EMBY = '{"Event": "library.new", "Item": {"Path": "/films/Film.mkv"}}'
Token = Annotated[str, Query(description="One of API_KEYS, for senders that have no headers")]


def _form(name: str, example: str) -> dict[str, Any]:
    properties = {name: {"type": "string", "description": "JSON"}}
    schema = {"type": "object", "required": [name], "properties": properties}
    kinds = ("multipart/form-data", "application/x-www-form-urlencoded")
    content = {kind: {"schema": schema, "example": {name: example}} for kind in kinds}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/plex", **described("plexEvent", "Webhook of Plex", extra=_form("payload", _PLEX), **_NOTHING)
)
@raises(*_ERRORS)
async def plex(request: Request, services: ServicesDep, token: Token = "") -> Response:
    """Queue the film that Plex tells of; its path is asked from Plex."""
    payload = await _payload(request, "payload")
    metadata = payload.get("Metadata")
    item = metadata.get("ratingKey", "") if isinstance(metadata, dict) else ""
    item = str(item) if isinstance(item, int) else item
    return await _queued(request, payload.get("event"), {"server": "plex", "item": item})


@router.post(
    "/jellyfin",
    **described("jellyfinEvent", "Webhook of Jellyfin", extra=_json_body(_JELLYFIN), **_NOTHING),
)
@raises(*_ERRORS)
async def jellyfin(request: Request, services: ServicesDep, token: Token = "") -> Response:
    """Queue the film that Jellyfin tells of; its path is asked from Jellyfin."""
    payload = await _payload(request)
    item = payload.get("ItemId", "")
    event = payload.get("NotificationType")
    return await _queued(request, event, {"server": "jellyfin", "item": item})


@router.post(
    "/emby", **described("embyEvent", "Webhook of Emby", extra=_form("data", _EMBY), **_NOTHING)
)
@raises(*_ERRORS)
async def emby(request: Request, services: ServicesDep, token: Token = "") -> Response:
    """Queue the film that Emby tells of."""
    payload = await _payload(request, "data")
    item = payload.get("Item")
    path = item.get("Path", "") if isinstance(item, dict) else ""
    return await _queued(request, payload.get("Event"), {"path": path})


@router.post(
    "/tautulli",
    **described("tautulliEvent", "Webhook of Tautulli", extra=_json_body(_TAUTULLI), **_NOTHING),
)
@raises(*_ERRORS)
async def tautulli(request: Request, services: ServicesDep, token: Token = "") -> Response:
    """Queue the film that Tautulli tells of."""
    payload = await _payload(request)
    return await _queued(request, payload.get("event"), {"path": payload.get("file", "")})


@router.post(
    "/batch", **described("subtitleFolder", "Make what is missing in a folder", **_NOTHING)
)
@raises(*_ERRORS)
async def batch(
    request: Request,
    services: ServicesDep,
    directory: Annotated[
        str, Query(description="Folder, or one film", min_length=1, max_length=_PATH_CHARS)
    ],
    forceLanguage: Annotated[  # noqa: N803
        str, Query(description="Spoken language", max_length=35)
    ] = "",
    token: Token = "",
) -> Response:
    """Queue all films under a folder."""
    await _enqueue(request, {"directory": directory, "language": forceLanguage, "event": "batch"})
    return _taken()


async def _queued(request: Request, event: object, source: Mapping[str, object]) -> Response:
    kind = _EVENTS.get(event.lower()) if isinstance(event, str) else None
    wanted: tuple[LibraryEvent, ...] = services_of(request).settings.libraries.events
    if kind in wanted:
        for name, value in source.items():
            longest = _PATH_CHARS if name == "path" else _ITEM_CHARS
            if not isinstance(value, str) or not 0 < len(value) <= longest:
                raise InvalidFieldError("The event names no film")
        await _enqueue(request, {**source, "event": str(kind)})
    return _taken()


async def _enqueue(request: Request, library: Mapping[str, object]) -> None:
    services = services_of(request)
    settings = services.settings.queue
    await enqueue_call(
        services,
        JobOrder(
            input={"library": dict(library)},
            endpoint="",
            owner=_owner(request),
            execution_timeout_s=settings.execution_timeout_s,
            ttl_s=settings.ttl_s,
            retention_s=settings.retention_s,
        ),
    )


def _owner(request: Request) -> TicketOwner:
    keys = services_of(request).settings.access.api_keys
    index = matching_key(request)
    if index is None:
        return TicketOwner(caller_name(request))
    payer = key_owner(keys[index])
    return TicketOwner(f"key {payer}", payer, index)


def _taken() -> Response:
    return Response('""', media_type="application/json")


async def _payload(request: Request, field: str = "") -> dict[str, Any]:
    """Return the JSON object of an event: a field of a form, or the body itself.

    Raises:
        BadRequestError: there is none.
    """
    try:
        if field and is_multipart(request):
            part = TextField(_PAYLOAD_BYTES)
            await parse_form(request, {field: part})
            value = read_json("".join(part.texts).encode())
        else:
            value = read_json(_unwrapped(await JsonRequest.of(request).body(), field))
    except ValueError:
        raise BadRequestError("The event is no JSON") from None
    if not isinstance(value, dict):
        raise BadRequestError("The event is no JSON object")
    return value


def _unwrapped(body: bytes, field: str) -> bytes:
    """Return the field of a form without parts, else the body."""
    if not field or body.lstrip()[:1] == b"{":
        return body
    pairs = parse_qs(body.decode("utf-8", "replace"), max_num_fields=64)
    return "".join(pairs.get(field, [])).encode()
