"""`/api/uploads`: resumable uploads by the tus protocol."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.domain import errors as e
from app.domain.errors import DrainingError, InvalidFieldError, NotFoundError
from app.routers.access.api_keys import require_key
from app.routers.access.rate_limited import rate_limited
from app.routers.dependencies import ServicesDep
from app.routers.described import FILE, TEXT, described, header
from app.routers.edge.request_body import body_of, upload
from app.routers.raised_errors import raises
from app.routers.tus import (
    ALGORITHMS,
    EXTENSIONS,
    PART_TYPE,
    TusRoute,
    check_part_type,
    checksum_in,
    has_part,
    name_in,
    number_in,
    receive,
    state_headers,
)
from app.routers.tus_version import TUS_VERSION

router = APIRouter(
    prefix="/api/uploads",
    tags=["uploads"],
    dependencies=[Depends(require_key), rate_limited("uploads"), upload()],
    route_class=TusRoute,
)
capabilities = APIRouter(prefix="/api/uploads", tags=["uploads"], route_class=TusRoute)
"""The routes that need no key."""


_VERSION = header("Tus-Resumable", f"Version of the protocol: {TUS_VERSION}", example=TUS_VERSION)
_OFFSET = header("Upload-Offset", "Where the part begins, in bytes", required=True, example="0")
_CHECKSUM = header("Upload-Checksum", f"Of the part: {', '.join(ALGORITHMS)}, then base64")
_LENGTH = header("Upload-Length", "Bytes of the whole", required=True, example="11")
_METADATA = header("Upload-Metadata", "Names and values in base64", example="filename dC5zcnQ=")
_PART = {PART_TYPE: {"schema": FILE, "example": "Hello there"}}

_SPOKEN = {"Tus-Resumable": {"description": "Version of the protocol", "schema": TEXT}}
_STATE = {
    **_SPOKEN,
    "Upload-Offset": {"description": "Bytes that have arrived", "schema": TEXT},
    "Upload-Expires": {"description": "When it is removed", "schema": TEXT},
}
_CREATED = {**_STATE, "Location": {"description": "Address of the upload", "schema": TEXT}}
_CREATION = {
    "parameters": [_VERSION, _LENGTH, _METADATA, _CHECKSUM],
    "requestBody": {"content": _PART, "description": "The first part, if it comes along"},
}
_APPENDING = {
    "parameters": [_VERSION, _OFFSET, _CHECKSUM],
    "requestBody": {"content": _PART, "required": True},
}
_PLAIN = {"parameters": [_VERSION]}
_CAPABILITIES = "Say what this server can do"
_PART_ERRORS = (
    e.UploadOffsetError,
    e.UploadLockedError,
    e.ChecksumError,
    e.StorageError,
    e.TimedOutError,
)


@capabilities.options(
    "", status_code=204, **described("getUploadCapabilities", _CAPABILITIES, status=204)
)
@capabilities.options(
    "/{upload_id}",
    status_code=204,
    **described("getCapabilitiesOfUpload", _CAPABILITIES, status=204),
)
async def options(services: ServicesDep) -> Response:
    """Return the protocol's extensions that this server supports."""
    headers = {
        "Tus-Version": TUS_VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(services.uploads.max_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "",
    status_code=201,
    **described("createUpload", "Begin an upload", status=201, headers=_CREATED, extra=_CREATION),
)
@raises(e.UploadVersionError, DrainingError, e.UploadNotFoundError, *_PART_ERRORS)
async def create(request: Request, services: ServicesDep) -> Response:
    """Make an upload; its address is in `Location`. The first part may come along."""
    if services.readiness.draining:
        raise DrainingError("The server is shutting down", retry_after_s=5)
    length = number_in(request, "Upload-Length")
    metadata = request.headers.get("upload-metadata", "")
    caller = body_of(request).caller
    async with services.uploads.created(length, name_in(metadata), metadata, caller) as upload:
        if has_part(request):
            async with services.uploads.part(upload.record.id, 0, checksum_in(request)) as writer:
                await receive(request, writer)
            upload = await services.uploads.find(upload.record.id)
    headers = state_headers(upload) | {"Location": f"/api/uploads/{upload.record.id}"}
    return Response(status_code=201, headers=headers)


@router.head(
    "/{upload_id}",
    **described("getUploadOffset", "Say how far an upload is", headers=_STATE, extra=_PLAIN),
)
@raises(e.UploadVersionError, e.UploadNotFoundError, e.StorageError)
async def offset(upload_id: str, services: ServicesDep) -> Response:
    """Return how far an upload is, in `Upload-Offset`."""
    upload = await services.uploads.find(upload_id)
    headers = state_headers(upload) | {"Upload-Length": str(upload.record.length)}
    if upload.record.metadata:
        headers["Upload-Metadata"] = upload.record.metadata
    return Response(headers=headers)


@router.patch(
    "/{upload_id}",
    status_code=204,
    **described("appendToUpload", "Add a part", status=204, headers=_STATE, extra=_APPENDING),
)
@raises(e.UploadVersionError, e.UploadNotFoundError, e.BodyTypeError, *_PART_ERRORS)
async def append(upload_id: str, request: Request, services: ServicesDep) -> Response:
    """Add the next part; the bytes of a part that is cut off are stored as far as they came."""
    check_part_type(request)
    start = number_in(request, "Upload-Offset")
    upload = await services.uploads.find(upload_id)
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and start + int(declared) > upload.record.length:
        raise InvalidFieldError("The part goes beyond Upload-Length")
    async with services.uploads.part(upload_id, start, checksum_in(request)) as writer:
        await receive(request, writer)
    return Response(status_code=204, headers=state_headers(await services.uploads.find(upload_id)))


@router.delete(
    "/{upload_id}",
    status_code=204,
    **described("deleteUpload", "Remove an upload", status=204, headers=_SPOKEN, extra=_PLAIN),
)
@raises(e.UploadVersionError, e.UploadNotFoundError, e.UploadLockedError, e.StorageError)
async def terminate(upload_id: str, services: ServicesDep) -> Response:
    """Remove an upload; a job that has claimed it continues."""
    await services.uploads.remove(upload_id)
    return Response(status_code=204)


@router.post("/{upload_id}", include_in_schema=False)
async def overridden(upload_id: str, request: Request, services: ServicesDep) -> Response:
    """Serve clients that can only send POST and name the method in a header."""
    method = request.headers.get("x-http-method-override", "").upper()
    if method == "PATCH":
        return await append(upload_id, request, services)
    if method == "DELETE":
        return await terminate(upload_id, services)
    if method == "HEAD":
        return await offset(upload_id, services)
    raise NotFoundError("Not found")
