"""A form with parts, read as it arrives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.domain.errors import BadRequestError, InvalidFieldError, RepeatedFieldError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_MAX_PARTS = 64
_MAX_HEADERS = 8
_MAX_HEADER_BYTES = 4096
"""Of one part: browsers send two headers, of which only the names may be long."""

_MAX_TYPE_CHARS = 1000
_MAX_NAME_CHARS = 255
_LIST = re.compile(r"\[\d{0,3}\]$")
"""Behind a list's name, as clients write it: `name[]`, or the number of the element."""

_UNREADABLE = "The multipart body cannot be read"
_NO_BOUNDARY = (
    "Content-Type is multipart/form-data without a boundary; leave this header to the HTTP library"
)


class PartSink(Protocol):
    """Takes the bytes of one part, or of several with one name, one after the other.

    Attributes:
        repeats: whether it takes several.
    """

    repeats: bool

    @property
    def kept_bytes(self) -> int:
        """Bytes that it holds in memory."""
        ...

    def begin(self, file_name: str | None, media_type: str) -> None:
        """Begin; the name is None where the part is no file, the type empty where it has none."""
        ...

    def write(self, data: bytes) -> None:
        """Take bytes."""
        ...

    def finish(self) -> None:
        """Take note that the part is complete."""
        ...


class MultipartForm:
    """Parses a form into sinks, in time and memory that grow with its length alone.

    Args:
        content_type: of the request.
        sinks: by the names of parts; the bytes of other parts are dropped. A name of one that
            takes several may end with brackets, as some clients write lists.

    Raises:
        BadRequestError: the content type names no boundary.
    """

    def __init__(self, content_type: str, sinks: Mapping[str, PartSink]) -> None:
        self._sinks = dict(sinks)
        self._seen: set[str] = set()
        self._sink: PartSink | None = None
        self._parts = 0
        self._header = self._value = b""
        self._disposition = self._type = b""
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_to_header,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_data,
            "on_part_data": self._data,
            "on_part_end": self._end_part,
        }
        self._parser = _parser(content_type, callbacks)

    def write(self, data: bytes) -> None:
        """Parse the next bytes.

        Raises:
            BadRequestError: they are no such form.
            RepeatedFieldError: a part comes twice that may be there once.
            InvalidFieldError: the form has too many parts.
        """
        try:
            self._parser.write(data)
        except FormParserError:
            raise BadRequestError(_UNREADABLE) from None

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise InvalidFieldError(f"A form may have {_MAX_PARTS} parts at most")
        self._disposition = self._type = b""

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        if self._header.lower() == b"content-type":
            self._type = self._value
        self._header = self._value = b""

    def _begin_data(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._sink = self._sink_for(_text(options.get(b"name", b"")))
        if self._sink is not None:
            file_name = options.get(b"filename")
            media_type = _text(self._type)[:_MAX_NAME_CHARS].strip().lower()
            own_name = None if file_name is None else _text(file_name)[:_MAX_NAME_CHARS]
            self._sink.begin(own_name, media_type)

    def _sink_for(self, name: str) -> PartSink | None:
        listed = self._sinks.get(_LIST.sub("", name))
        sink = listed if listed is not None and listed.repeats else self._sinks.get(name)
        if sink is not None and not sink.repeats:
            if name in self._seen:
                raise RepeatedFieldError(name)
            self._seen.add(name)
        return sink

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._sink is not None:
            self._sink.write(data[start:end])

    def _end_part(self) -> None:
        if self._sink is not None:
            self._sink.finish()
        self._sink = None


def _parser(content_type: str, callbacks: MultipartCallbacks) -> MultipartParser:
    kind, options = parse_options_header(content_type[:_MAX_TYPE_CHARS])
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data":
        raise BadRequestError(_UNREADABLE)
    if not boundary:
        raise BadRequestError(_NO_BOUNDARY)
    try:
        return MultipartParser(
            boundary,
            callbacks,
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )
    except FormParserError:
        raise BadRequestError(_UNREADABLE) from None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace")
