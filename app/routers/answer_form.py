"""The form that a client wants a job's result in: JSON, a stream of events, or a subtitle file."""

from __future__ import annotations

from fastapi import Request

from app.domain.errors import InvalidFieldError, NotAcceptableError
from app.routers.accepted_types import OfferedForm, preferred_form
from app.services.render.formats import FORMATS, check_format

_BY_NAME_ALONE = frozenset({"json", "imsc", "ebu-tt-d", "transcript"})
"""Formats whose media type means another form."""

_OFFERS = (
    OfferedForm("result", "application/json"),
    OfferedForm("events", "text/event-stream", named_only=True, first_named=True),
    *(
        OfferedForm(kind.name, kind.media_type, kind.aliases)
        for kind in FORMATS.values()
        if kind.name not in _BY_NAME_ALONE
    ),
)
"""In the server's order. JSON is the result with everything that it holds; the subtitle format of
that name comes where the query names it."""


def requested_form(request: Request) -> str:
    """Return ``result``, ``events`` or the name of a subtitle format.

    What the query says as ``format`` counts more than the header, which programs set unasked.

    Raises:
        InvalidFormatError: there is no such format.
        InvalidFieldError: several formats are named.
        NotAcceptableError: nothing of what the header allows can be made.
    """
    named = request.query_params.getlist("format")
    if len(named) > 1:
        raise InvalidFieldError("format: one at most; formats in the body takes several")
    if named and named[0].strip():
        return check_format(named[0].strip().lower()).name
    accept = ",".join(request.headers.getlist("accept"))
    form = preferred_form(accept, _OFFERS)
    if form is None:
        raise NotAcceptableError([offer.media_type for offer in _OFFERS])
    return form


async def check_answer_form(request: Request) -> None:
    """Refuse a request whose answer cannot have the wanted form, before its body is read.

    Raises:
        BadRequestError: see `requested_form`.
    """
    requested_form(request)
