"""Interface that every kind of source implements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from app.services.net.fetch import Fetcher
from app.services.net.ssrf_guard import SsrfGuard
from app.services.sources.opened import Opened
from app.services.sources.recording import RecordingOpener
from app.services.sources.source_cache import OpenRequest, SourceCache
from app.services.sources.text_tracks import TextTracks
from app.services.uploads.arriving_files import ArrivingFiles
from app.settings import SourceSettings
from app.system.workdir import WorkDir

S_contra = TypeVar("S_contra", contravariant=True)


class SourceOpener(Protocol[S_contra]):
    """Opens the sources of one type of the request."""

    async def check(self, source: S_contra) -> None:
        """Check a source's address, ahead of any work.

        Raises:
            UrlBlockedError: it must not be reached.
            SourceError: the name service did not answer.
        """
        ...

    async def open(self, source: S_contra, request: OpenRequest) -> Opened:
        """Open a source; errors are those of ``MediaOpener.open``.

        Returns:
            A cached transcript, captions, or media with its first block decoded. Whatever must
            be released later is in ``request.resources``.
        """
        ...


@dataclass(frozen=True, slots=True)
class SourceServices:
    """Services that the kinds of source share.

    Attributes:
        settings: of sources.
        guard: checks addresses.
        fetcher: downloads over HTTP.
        recordings: decodes files and streams.
        cache: downloads, captions and metadata of earlier jobs.
        texts: reads text tracks of files.
        workdir: where temporary files go.
        arriving: uploads that jobs read while they arrive.
        media_roots: folders of media libraries.
    """

    settings: SourceSettings
    guard: SsrfGuard
    fetcher: Fetcher
    recordings: RecordingOpener
    cache: SourceCache
    texts: TextTracks
    workdir: WorkDir
    arriving: ArrivingFiles
    media_roots: tuple[Path, ...]
