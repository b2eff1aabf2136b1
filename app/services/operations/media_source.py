"""Media of a request: addresses and uploads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import InstanceOf, StringConstraints, WithJsonSchema

_URL_CHARS = 8000


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """An uploaded file. No JSON becomes one: a caller names no file of this server.

    Attributes:
        path: of the file, which its owner removes.
        name: as the client calls it; untrusted.
    """

    path: Path
    name: str = ""


_Address = Annotated[
    str, StringConstraints(min_length=1, max_length=_URL_CHARS, strip_whitespace=True)
]
MediaSource = Annotated[_Address | InstanceOf[LocalMedia], WithJsonSchema({"type": "string"})]
"""A media file of a request: its address, or an upload."""
