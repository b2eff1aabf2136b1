"""Source of files of media libraries on this machine's disks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.domain.errors import ForbiddenMediaError, StorageError
from app.domain.media import NO_INFO
from app.domain.request import LibraryFile
from app.services.sources.opened import Opened, OpenedTranscript
from app.services.sources.source_cache import OpenRequest
from app.services.sources.source_opener import SourceServices
from app.system.thread_groups import DISK


def inside(path: Path, roots: Sequence[Path]) -> Path:
    """Return the real path of what lies under one of the roots; reads the disk.

    Symbolic links and ``..`` are followed first, so none leads out.

    Raises:
        ForbiddenMediaError: it lies elsewhere, or is not there.
    """
    try:
        real = Path(os.path.realpath(path, strict=True))
    except (OSError, ValueError):
        real = None
    if real is None or not any(real.is_relative_to(os.path.realpath(root)) for root in roots):
        # One message for both, so that nobody learns which other files there are.
        raise ForbiddenMediaError("No such file under MEDIA_ROOTS")
    return real


def library_file(path: Path, roots: Sequence[Path]) -> LibraryFile:
    """Return a file of a library as a source; reads the disk.

    Raises:
        ForbiddenMediaError: it is no file under the roots.
        StorageError: the disk cannot be read.
    """
    real = inside(path, roots)
    if not real.is_file():
        raise ForbiddenMediaError("No such file under MEDIA_ROOTS")
    try:
        status = real.stat()
    except OSError as error:
        raise StorageError(f"The library cannot be read: {error.strerror}") from None
    return LibraryFile(real, status.st_size, status.st_mtime_ns)


class LibraryOpener:
    """Opens files of libraries; they stay where they are.

    Args:
        services: decode the files, and read their text tracks.
    """

    def __init__(self, services: SourceServices) -> None:
        self._recordings = services.recordings
        self._texts = services.texts
        self._roots = services.media_roots

    async def check(self, source: LibraryFile) -> None:
        """Do nothing: the path is checked when it is opened."""

    async def open(self, source: LibraryFile, request: OpenRequest) -> Opened:
        """Return captions of the file, its cached transcript, or else its decoded media.

        Raises:
            ForbiddenMediaError: it lies under no root, or not any more.
        """
        path = await DISK.run(inside, source.path, self._roots)
        found = await self._texts.of_file(
            path, source.content, request.preference, request.wish, NO_INFO
        )
        if found.captions is not None:
            return found.captions
        request.require_transcription()
        transcript = await request.cached.transcript(source.content, NO_INFO)
        if transcript is not None:
            return OpenedTranscript(transcript)
        media = await self._recordings.file(path, request.resources, request.wish)
        return replace(media, content=lambda: source.content).with_notices(found.notices)
