"""Source of files that the client uploads."""

from __future__ import annotations

from dataclasses import replace

from app.domain.media import NO_INFO
from app.domain.request import UploadedFile
from app.services.sources.opened import Opened, OpenedTranscript
from app.services.sources.source_cache import OpenRequest
from app.services.sources.source_opener import SourceServices


class UploadOpener:
    """Opens uploaded files; a file stays where it is when its media is closed.

    Args:
        services: decode the files, and read their text tracks.
    """

    def __init__(self, services: SourceServices) -> None:
        self._recordings = services.recordings
        self._texts = services.texts

    async def check(self, source: UploadedFile) -> None:
        """Do nothing: an upload has no address."""

    async def open(self, source: UploadedFile, request: OpenRequest) -> Opened:
        """Return captions of the file, its cached transcript, or else its decoded media."""
        content = source.sha256 or None
        found = await self._texts.of_file(
            source.path, content, request.preference, request.wish, NO_INFO
        )
        if found.captions is not None:
            return found.captions
        request.require_transcription()
        transcript = await request.cached.transcript(source.sha256, NO_INFO)
        if transcript is not None:
            return OpenedTranscript(transcript)
        media = await self._recordings.file(source.path, request.resources, request.wish)
        return replace(media, content=lambda: source.sha256).with_notices(found.notices)
