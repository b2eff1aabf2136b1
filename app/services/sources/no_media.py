"""The source of a call, which has no media."""

from __future__ import annotations

from app.domain.errors import UnavailableOptionError
from app.domain.request import NoMedia
from app.services.sources.opened import Opened
from app.services.sources.source_cache import OpenRequest
from app.services.sources.source_opener import SourceServices


class NoMediaOpener:
    """Opens nothing: a call is worked on by its door.

    Args:
        services: not used.
    """

    def __init__(self, services: SourceServices) -> None: ...

    async def check(self, source: NoMedia) -> None:
        """Do nothing: there is no address."""

    async def open(self, source: NoMedia, request: OpenRequest) -> Opened:
        """Refuse.

        Raises:
            UnavailableOptionError: always.
        """
        raise UnavailableOptionError("A call holds no recording")
