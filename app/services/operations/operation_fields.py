"""The fields of a media operation as a form shows them, read from the model of its input."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.services.operations.media_source import LocalMedia
from app.services.operations.operation import MediaOperation, OperationInput

FieldKind = Literal["file", "files", "text", "number", "boolean", "choice", "list", "object"]
"""``file`` is an upload or an address, ``files`` a list of them, ``list`` one of values, and
``object`` is written as JSON."""

_KINDS: dict[str, FieldKind] = {
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "array": "list",
    "object": "object",
}
_OTHER_NAME = re.compile(r"The same as \w+")
"""Begins the description of a field that is there for callers who know it by another name."""


@dataclass(frozen=True, slots=True)
class OperationField:
    """A field of a form.

    Attributes:
        name: on the wire.
        kind: of its value.
        description: a few words, for people.
        required: whether it must be given; see `MediaOperation.required` for what may stand in
            another one's place.
        default: where it is not given; None where the operation finds a value itself.
        minimum: of a number.
        maximum: of a number.
        choices: the values that it may have; empty for any.
        items: fields of each entry, where entries are objects.
    """

    name: str
    kind: FieldKind
    description: str
    required: bool
    default: bool | int | float | str | None
    minimum: float | None
    maximum: float | None
    choices: tuple[str, ...]
    items: tuple[OperationField, ...]


def operation_fields(operation: MediaOperation) -> tuple[OperationField, ...]:
    """Return the fields of an operation, those that must be given first.

    Left out are other names of a field, and where results go in a caller's object store.
    """
    needed = [group[0] for group in operation.required]
    fields = [
        each
        for each in _fields(operation.input)
        if each.name not in OperationInput.model_fields
        and (each.name in needed or not _OTHER_NAME.match(each.description))
    ]
    return tuple(sorted(fields, key=lambda each: each.name not in needed))


def _fields(model: type[BaseModel]) -> Iterator[OperationField]:
    schema = model.model_json_schema()
    for name, field in model.model_fields.items():
        rule = _rule(schema["properties"][name], schema.get("$defs", {}))
        inner = _rule(rule.get("items", {}), schema.get("$defs", {}))
        default = rule.get("default")
        yield OperationField(
            name=name,
            kind=_kind(field, rule, inner),
            description=field.description or "",
            required=field.is_required(),
            default=default if isinstance(default, bool | int | float | str) else None,
            minimum=rule.get("minimum"),
            maximum=rule.get("maximum"),
            choices=tuple(rule.get("enum") or inner.get("enum") or ()),
            items=_items(field),
        )


def _rule(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return what a schema says of a value that is not null."""
    options = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    found = {**schema, **options[0]} if options else schema
    name = str(found.get("$ref", "")).rpartition("/")[2]
    return {**definitions[name], **schema} if name in definitions else found


def _kind(field: FieldInfo, rule: dict[str, Any], entry: dict[str, Any]) -> FieldKind:
    is_list = rule.get("type") == "array"
    if _takes_files(field.annotation):
        only_files = is_list and LocalMedia not in get_args(field.annotation)
        return "files" if only_files else "file"
    if rule.get("enum"):
        return "choice"
    if is_list and entry.get("type") == "object":
        return "object"
    return _KINDS.get(str(rule.get("type")), "text")


def _takes_files(annotation: Any) -> bool:
    if annotation is LocalMedia:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(
            field.is_required() and _takes_files(field.annotation)
            for field in annotation.model_fields.values()
        )
    return any(_takes_files(each) for each in get_args(annotation))


def _items(field: FieldInfo) -> tuple[OperationField, ...]:
    """Return the required fields of the objects in a list; none where an entry may be a file."""
    [entry, *_] = [*get_args(field.annotation), None]
    if not (isinstance(entry, type) and issubclass(entry, BaseModel)) or entry is field.annotation:
        return ()
    return tuple(each for each in _fields(entry) if each.required)
