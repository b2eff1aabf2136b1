"""Caption files that are JSON, of either shape."""

from __future__ import annotations

import json

from app.domain.errors import InvalidCaptionsError
from app.services.captions.raw_captions import RawTrack
from app.services.captions.readers.cue_list import is_cue_list, read_cue_list
from app.services.captions.readers.json3 import is_json3, read_json3


def read_json_text(text: str) -> RawTrack:
    """Read YouTube's json3, or a list of cues.

    Raises:
        InvalidCaptionsError: it is not JSON, or JSON of something else.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidCaptionsError("The captions are not valid JSON") from None
    if is_json3(value):
        return read_json3(value)
    if is_cue_list(value):
        return read_cue_list(value)
    raise InvalidCaptionsError("The JSON holds no captions")
