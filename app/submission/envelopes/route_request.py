"""A request to one of our routes, as a job's input has it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Annotated, Any

import httpx
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.domain.errors import InvalidFieldError
from app.submission.field_problems import describe

_PATH = re.compile(r"/(?!/)[!-\"$-\[\]-~]{0,2000}")
"""One slash, then printable ASCII but ``#`` and the backslash: nothing that names a host."""

_METHOD = re.compile(r"[A-Z]{1,20}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\t -~]{0,8000}")
"""Source: RFC 9110 sections 5.1 and 5.5; other characters could begin a header of their own."""

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_WITHHELD = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "forwarded"}
)
"""Headers that belong to a connection, or to the proxies on its way."""

_MOST_PARTS = 100


class FilePart(BaseModel):
    """A file of a form."""

    model_config = ConfigDict(extra="ignore", strict=True)

    name: str = "file"
    filename: str = "file"
    content_type: str = "application/octet-stream"
    content_base64: str


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class RouteRequest(BaseModel):
    """The request.

    Attributes:
        path: of the route, which may hold a query.
        method: in any case.
        body: JSON, sent with POST, PUT and PATCH.
        body_base64: bytes instead of JSON; their type is in ``headers``.
        send_body: whether another method sends its body as well.
        params: query, added to that of the path; a list repeats its key.
        headers: of the request; those of a connection are left out.
        form: text fields of a multipart form.
        files: files of a multipart form.
    """

    model_config = ConfigDict(extra="ignore")

    path: str
    method: Annotated[str, BeforeValidator(_upper)] = "POST"
    body: Any = None
    body_base64: str | None = None
    send_body: bool = False
    params: dict[str, Any] | None = None
    headers: dict[str, str] | None = None
    form: dict[str, str] | None = Field(None, max_length=_MOST_PARTS)
    files: list[FilePart] | None = Field(None, max_length=_MOST_PARTS)

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> RouteRequest:
        """Return the request of an input.

        Raises:
            InvalidFieldError: there is no path, or not one of ours, or another field is wrong.
        """
        if not fields.get("path"):
            raise InvalidFieldError("Missing 'path' in job input")
        try:
            request = cls.model_validate(fields)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
            raise InvalidFieldError(describe(problems)) from None
        request._check()
        return request

    def _check(self) -> None:
        if not _PATH.fullmatch(self.path):
            raise InvalidFieldError(
                "path: must begin with one slash and name a route of this server"
            )
        if not _METHOD.fullmatch(self.method):
            raise InvalidFieldError("method: no HTTP method")
        for name, value in (self.headers or {}).items():
            if not _HEADER.fullmatch(name) or not _VALUE.fullmatch(value):
                raise InvalidFieldError("headers: a name or a value holds forbidden characters")
        bodies = {
            "body": self.body,
            "body_base64": self.body_base64,
            "form and files": self.form if self.files is None else self.files,
        }
        given = [name for name, value in bodies.items() if value is not None]
        if len(given) > 1:
            raise InvalidFieldError(f"Send one of {' and '.join(given)}")

    def build(self, client: httpx.AsyncClient) -> httpx.Request:
        """Return the request to send.

        Raises:
            InvalidFieldError: bytes are not in Base64, or a parameter is no text or number.
        """
        headers = {
            name: value
            for name, value in (self.headers or {}).items()
            if name.lower() not in _WITHHELD and not name.lower().startswith("x-forwarded-")
        }
        headers.setdefault("accept-encoding", "identity")
        url = client.base_url.copy_with(raw_path=self.path.encode("ascii"))
        for name, value in self._pairs():
            url = url.copy_add_param(name, value)
        return client.build_request(self.method, url, headers=headers, **self._content())

    def _pairs(self) -> list[tuple[str, str]]:
        pairs = []
        for name, value in (self.params or {}).items():
            for each in value if isinstance(value, list) else [value]:
                if not isinstance(each, str | int | float | bool | None):
                    raise InvalidFieldError("params: values are texts, numbers or lists of them")
                pairs.append((name, _query_text(each)))
        return pairs

    def _content(self) -> dict[str, Any]:
        if self.method not in _WITH_BODY and not self.send_body:
            return {}
        if self.files is not None or self.form is not None:
            files = [
                (part.name, (part.filename, decoded(part.content_base64), part.content_type))
                for part in self.files or []
            ]
            # A form without a file has parts too, as our routes read them.
            fields = [(name, (None, text.encode())) for name, text in (self.form or {}).items()]
            return {"files": [*fields, *files]}
        if self.body_base64 is not None:
            return {"content": decoded(self.body_base64)}
        return {} if self.body is None else {"json": self.body}


def _query_text(value: object) -> str:
    """Return a parameter as JSON has it, texts without quotation marks."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def decoded(text: str) -> bytes:
    """Return the bytes of a text in Base64, which may be a data URL.

    Raises:
        InvalidFieldError: it is neither.
    """
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidFieldError("A file or a body is not in Base64") from None
