"""SubStation Alpha (.ass, .ssa), read by pysubs2."""

from __future__ import annotations

import re

import pysubs2

from app.domain.errors import InvalidCaptionsError
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun

_SECTION = re.compile(r"\A\[Script Info\]|^\[V4\+? Styles\]", re.MULTILINE | re.IGNORECASE)


def looks_like_substation(head: str) -> bool:
    """Whether a text begins like a script."""
    return not head.startswith("<") and _SECTION.search(head) is not None


def read_substation(text: str) -> RawTrack:
    """Read a script; comments and drawings are left out.

    Raises:
        InvalidCaptionsError: not such a script.
    """
    try:
        script = pysubs2.SSAFile.from_string(text.replace("\0", ""), format_="ass")
    except (pysubs2.exceptions.Pysubs2Error, ValueError, LookupError, TypeError):
        raise InvalidCaptionsError("The captions are not a valid SubStation script") from None
    return RawTrack(
        tuple(
            RawCaption(event.start, event.end, (TextRun(event.plaintext),), speaker=event.name)
            for event in script
            if event.is_text
        )
    )
