"""Source of captions that the client sends itself."""

from __future__ import annotations

from dataclasses import replace

from app.domain.errors import UnavailableOptionError
from app.domain.request import SentCaptions
from app.services.captions.parse import parse_bounded
from app.services.sources.opened import OpenedCaptions
from app.services.sources.source_cache import OpenRequest
from app.services.sources.source_opener import SourceServices


class CaptionsOpener:
    """Opens captions of the client; there is no recording beside them.

    Args:
        services: not used.
    """

    def __init__(self, services: SourceServices) -> None: ...

    async def check(self, source: SentCaptions) -> None:
        """Do nothing: sent captions have no address."""

    async def open(self, source: SentCaptions, request: OpenRequest) -> OpenedCaptions:
        """Parse what the client sends.

        Raises:
            UnavailableOptionError: a recording is wanted.
            InvalidCaptionsError: the captions cannot be read, or there are none.
        """
        if request.preference is None:
            raise UnavailableOptionError("Captions hold no recording")
        captions = await parse_bounded(
            source.text,
            None,
            source.language or "und",
            "auto" if source.automatic else "manual",
        )
        captions = replace(captions, notices=(*source.notices, *captions.notices))
        return OpenedCaptions(captions, "client_captions")
