"""Source of uploads that still arrive."""

from __future__ import annotations

from dataclasses import replace

from app.domain.request import ArrivingFile
from app.services.media.byte_stream import ByteStream
from app.services.sources.opened import Opened
from app.services.sources.source_cache import OpenRequest
from app.services.sources.source_opener import SourceServices


class ArrivingOpener:
    """Opens uploads before their last byte has come, and decodes them as they arrive.

    Args:
        services: have the uploads, and decode them.
    """

    def __init__(self, services: SourceServices) -> None:
        self._recordings = services.recordings
        self._arriving = services.arriving

    async def check(self, source: ArrivingFile) -> None:
        """Do nothing: an upload has no address."""

    async def open(self, source: ArrivingFile, request: OpenRequest) -> Opened:
        """Return the decoded media."""
        request.require_transcription()
        upload = self._arriving.get(source.id)
        stream = ByteStream(upload.chunks(), upload.length)
        media = await self._recordings.stream(stream, request.resources, request.wish)
        return replace(media, content=lambda: upload.sha256)
