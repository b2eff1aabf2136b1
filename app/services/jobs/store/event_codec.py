"""Events of jobs as bytes, for stores that outlive a process.

An event is the name of its class and a JSON object of its fields, so that fields with a default may
be added: an older process skips what it does not know, a newer one finds the default. What changes
the meaning of a field gets a new version, which the name carries (``Progress.2``).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from app.domain.errors import StorageError
from app.domain.events import Event

_COMPRESS_FROM = 2048
"""Bytes; below, the header costs more than is gained."""

_LEVEL = 1
"""Of zlib: the fastest, about a fifth of the size for cues with words."""

_PLAIN, _COMPRESSED = b"j", b"z"

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Event)}


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Return what reads and writes values of a class, in a list of one."""
    if kind not in _adapters:
        config = ConfigDict(ser_json_inf_nan="constants")
        listed: Any = tuple.__class_getitem__(kind)  # a type that is known at run time alone
        _adapters[kind] = TypeAdapter(listed, config=config)
    return _adapters[kind]


def encode_value(value: object) -> bytes:
    """Return a value of a data class as bytes.

    Halves of characters (lone surrogates), which no JSON can hold, become U+FFFD.
    """
    codec = _adapter(type(value))
    try:
        json = codec.dump_json((value,), warnings=False)
    except PydanticSerializationError:
        json = to_json(
            _whole(codec.dump_python((value,), warnings=False)), inf_nan_mode="constants"
        )
    if len(json) < _COMPRESS_FROM:
        return _PLAIN + json
    return _COMPRESSED + zlib.compress(json, _LEVEL)


def decode_value(kind: type[Any], data: bytes) -> Any:
    """Return the value of a class that `encode_value` wrote.

    Raises:
        StorageError: it is not one.
    """
    try:
        json = data[1:] if data[:1] == _PLAIN else zlib.decompress(data[1:])
        return _adapter(kind).validate_json(json)[0]
    except (zlib.error, ValidationError) as error:
        raise StorageError(f"A stored {kind.__name__} cannot be read") from error


def encode_event(event: Event) -> tuple[str, bytes]:
    """Return an event's kind and its fields as bytes."""
    return type(event).__name__, encode_value(event)


def decode_event(kind: str, data: bytes) -> Event:
    """Return the event that `encode_event` wrote.

    Raises:
        StorageError: it is not one, or one of a newer version.
    """
    if kind not in _KINDS:
        raise StorageError(f"A stored event is of a kind that this version does not know: {kind}")
    event: Event = decode_value(_KINDS[kind], data)
    return event


def _whole(value: object) -> object:
    """Return a value whose texts hold no halves of characters."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_whole(key): _whole(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(each) for each in value]
    return value
