"""SubStation Alpha (.ass, .ssa), by pysubs2."""

from __future__ import annotations

import pysubs2

from app.domain.errors import InvalidCaptionsError
from app.services.captions.raw_captions import RawCaption, RawTrack, TextPiece


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
            RawCaption(event.start, event.end, (TextPiece(event.plaintext),), speaker=event.name)
            for event in script
            if event.is_text
        )
    )
