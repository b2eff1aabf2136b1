"""The media of a job, as long as the server has it."""

from __future__ import annotations

import os

from app.container import Services
from app.domain.request import MediaUrl, SiteVideo, Source, UploadedFile
from app.services.cache.downloads import CachedFile
from app.services.jobs.runtime import JobRuntime
from app.system.thread_groups import DISK


async def stored_media(job: JobRuntime, services: Services) -> CachedFile | None:
    """Open the media of a job: an upload until its job ends, a download while it is cached.

    Files of a media library are their owner's, and are not given out.

    Args:
        job: in any state; a download is there once all of it has come.
        services: of the process.

    Returns:
        The open file, which the caller closes; None where there is none.
    """
    source = job.request.source
    if isinstance(source, UploadedFile):
        return await DISK.run(_opened, source)
    for each in _places(source):
        found = await services.caches.downloads.get(each.identity)
        if found is not None:
            return found
    return None


def _places(source: Source) -> tuple[MediaUrl | SiteVideo, ...]:
    """Return the sources under which a download may be stored.

    An address that turned out to be a page is stored as that page, and one whose address failed as
    the page that plays it.
    """
    if isinstance(source, SiteVideo):
        return (source,)
    if not isinstance(source, MediaUrl):
        return ()
    pages = [source.url] if source.page_url is None else [source.url, source.page_url]
    return (MediaUrl(source.url), *map(SiteVideo, pages))


def _opened(upload: UploadedFile) -> CachedFile | None:
    """Open an upload, whose name goes with the end of its job; None where it has gone."""
    try:
        file = upload.path.open("rb")
    except OSError:
        return None
    return CachedFile(upload.sha256, os.fstat(file.fileno()).st_size, file)
