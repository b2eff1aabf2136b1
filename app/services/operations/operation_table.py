"""The table of media operations.

An operation is a module of this package: a model of its input, a function that does its work, and
a `MediaOperation` that names both. A row here offers it at every door: in envelopes with
``operation``, and under ``/api/media/``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app.domain.errors import OperationUnavailableError
from app.services.operations.addaudio_operation import ADD_AUDIO
from app.services.operations.caption_highlight import CAPTION_HIGHLIGHT
from app.services.operations.caption_operation import CAPTION
from app.services.operations.caption_segments import CAPTION_SEGMENTS
from app.services.operations.concat_audio_operation import CONCAT_VIDEO_AUDIO
from app.services.operations.concatenate_operation import CONCATENATE
from app.services.operations.dub_operation import DUB
from app.services.operations.extract_audio_operation import EXTRACT_AUDIO
from app.services.operations.hls_operation import HLS
from app.services.operations.img2vid_operation import IMG2VID
from app.services.operations.loudness_operation import LOUDNESS
from app.services.operations.mux_operation import MUX
from app.services.operations.operation import MediaOperation
from app.services.operations.picture_operations import (
    CHECK_VIDEO_CACHE,
    CONTACT_SHEET,
    SCREENSHOTS,
)
from app.services.operations.track_operations import EXTRACT_TRACK, TRACKS
from app.services.operations.trilhasonora_operation import TRILHASONORA

_NAME_CHARS = 100

_ROWS: tuple[MediaOperation, ...] = (
    CAPTION,
    CAPTION_SEGMENTS,
    CAPTION_HIGHLIGHT,
    DUB,
    MUX,
    HLS,
    TRACKS,
    EXTRACT_TRACK,
    EXTRACT_AUDIO,
    LOUDNESS,
    SCREENSHOTS,
    CONTACT_SHEET,
    CHECK_VIDEO_CACHE,
    IMG2VID,
    ADD_AUDIO,
    CONCATENATE,
    CONCAT_VIDEO_AUDIO,
    TRILHASONORA,
)

OPERATIONS: Mapping[str, MediaOperation] = MappingProxyType({each.name: each for each in _ROWS})
"""Every operation, by its name on the wire."""


def operation_named(name: object) -> MediaOperation:
    """Return an operation.

    Raises:
        OperationUnavailableError: none has this name.
    """
    found = OPERATIONS.get(name) if isinstance(name, str) else None
    if found is None:
        shown = name if isinstance(name, str) else type(name).__name__
        raise OperationUnavailableError(f"Unknown operation: {str(shown)[:_NAME_CHARS]}")
    return found
