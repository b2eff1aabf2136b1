"""A media operation: its input, its work and its result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from app.services.operations.media_source import LocalMedia as LocalMedia
from app.services.operations.media_source import MediaSource as MediaSource
from app.services.operations.operation_context import OperationContext

_NAME_CHARS = 255
_PATH_CHARS = 500
_MOST_ENTRIES = 100


def few_entries(value: object) -> object:
    """Refuse an object of very many entries before each of them is looked at.

    Raises:
        ValueError: it has too many.
    """
    if isinstance(value, Mapping) and len(value) > _MOST_ENTRIES:
        raise ValueError(f"at most {_MOST_ENTRIES} entries")
    return value


class OperationInput(BaseModel):
    """What every operation's input may have; unknown fields are ignored.

    ``path`` and ``output_filename`` are those of clients who name where results go in their store.
    """

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    path: str | None = Field(
        None, max_length=_PATH_CHARS, description="Folder for the results in the object store"
    )
    output_filename: str | None = Field(
        None, max_length=_NAME_CHARS, description="Name of the result's file"
    )

    @property
    def is_placed(self) -> bool:
        """Whether the caller says where the result goes in an object store."""
        return bool(self.path or self.output_filename)


class PackagedInput(OperationInput):
    """Input of an operation that makes videos or sound, which may be packaged for streaming too."""

    hls: bool = Field(
        False, description="Whether the result is packaged for streaming too, as `hls` does it"
    )


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file that an operation made.

    Attributes:
        path: of the file.
        name: for the client, where he names none.
        media_type: of its bytes.
        fields: what its entry says beside its address and name, ahead of them.
        url_field: name of the field with its address.
    """

    path: Path
    name: str
    media_type: str = "video/mp4"
    fields: Mapping[str, object] = field(default_factory=dict)
    url_field: str = "video_url"


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What an operation made.

    Attributes:
        files: to store; one file's fields stand in the result itself.
        message: one sentence of success.
        fields: of the result, beside those of its files.
        list_field: name of the list of the files' entries; empty where there is one file, or none.
        notices: what the caller should know of the result: code and message.
    """

    files: tuple[OutputFile, ...] = ()
    message: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    list_field: str = ""
    notices: tuple[tuple[str, str], ...] = ()


_Input = TypeVar("_Input", bound=OperationInput)

RunOperation = Callable[[_Input, OperationContext], Awaitable[OperationResult]]
"""Works on a checked input in a folder of its own, which is removed once the files are stored.

It raises a `CuestreamError` where it cannot.
"""


@dataclass(frozen=True, slots=True)
class MediaOperation:
    """A row of the table of operations.

    Attributes:
        name: of the operation on the wire.
        summary: a few words, for people.
        input: model of its input.
        run: does its work.
        required: fields that must be given, each with those that may be given in its place.
        example: an input that shows its fields.
        joins_path: whether a slash comes between ``path`` and the file's name where it has none.
    """

    name: str
    summary: str
    input: type[OperationInput]
    run: RunOperation[Any]
    required: tuple[tuple[str, ...], ...] = ()
    example: Mapping[str, object] = field(default_factory=dict)
    joins_path: bool = False

    @property
    def missing_message(self) -> str:
        """What is said where a required field is missing; names all of them, as clients know it."""
        named = [alternatives[0] for alternatives in self.required]
        return f"Missing required field{'s' * (len(named) > 1)}: {', '.join(named)}"

    def lacks_fields(self, fields: Mapping[str, object]) -> bool:
        """Whether a required field is missing or empty."""
        return not all(any(fields.get(each) for each in group) for group in self.required)
