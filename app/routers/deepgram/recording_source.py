"""The recording of a request of Deepgram's clients: the body itself, or an address in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.container import Services
from app.domain.errors import BadRequestError, NamedFieldError
from app.domain.json_text import read_json
from app.domain.request import MediaUrl, UploadedFile
from app.routers.edge.request_body import is_json, is_multipart
from app.routers.error_responses import INVALID_JSON, NOT_AN_OBJECT
from app.routers.raw_upload import read_raw_upload
from app.routers.request_validation import validated_body
from app.services.media.pcm_formats import PcmCoding, has_container, wav_head
from app.services.net.fetch import check_url
from app.submission.vendors.listen_query import ListenQuery

HEADERLESS: Mapping[str, PcmCoding] = {"linear16": "s16", "mulaw": "ulaw", "alaw": "alaw"}
"""Encodings of sound without a header, by Deepgram's names."""


class AddressBody(BaseModel):
    """JSON body of a request."""

    model_config = ConfigDict(extra="ignore")

    url: str = Field(min_length=1, max_length=8000, description="Address of the recording")


async def read_recording(
    request: Request, services: Services, query: ListenQuery
) -> UploadedFile | MediaUrl:
    """Return the recording of a request; who gets a file removes it.

    Raises:
        BadRequestError: the body is no JSON with an address, or a form.
        InvalidFieldError: sound without a header has no sample rate.
        UrlBlockedError: the address must not be reached.
        CuestreamError: as `read_raw_upload`.
    """
    if is_json(request):
        return await _address(request)
    if is_multipart(request):
        raise BadRequestError("Send the recording as the body itself, not as a form")
    return await read_raw_upload(request, services, partial(_head, query))


async def _address(request: Request) -> MediaUrl:
    whole = bytearray()
    async for piece in request.stream():
        whole += piece
    try:
        body = read_json(bytes(whole))
    except (ValueError, RecursionError):
        raise BadRequestError(INVALID_JSON) from None
    if not isinstance(body, dict):
        raise BadRequestError(NOT_AN_OBJECT)
    url = validated_body(AddressBody, body).url
    check_url(url)
    return MediaUrl(url)


def check_encoding(query: ListenQuery) -> None:
    """Refuse sound without a header whose sample rate is not known.

    Raises:
        NamedFieldError: it is not.
    """
    if query.encoding.lower() in HEADERLESS and query.sample_rate is None:
        raise NamedFieldError("sample_rate", f"{query.encoding} needs one, in Hz")


def _head(query: ListenQuery, first: bytes) -> bytes:
    """Return the header that a recording lacks; those with a container of their own need none."""
    coding = HEADERLESS.get(query.encoding.lower())
    if coding is None or query.sample_rate is None or has_container(first):
        return b""
    return wav_head(coding, query.sample_rate, query.channels)
