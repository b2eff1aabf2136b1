"""A job as a list shows it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.domain.events import Progress
from app.domain.request import (
    ArrivingFile,
    JobRequest,
    LibraryFile,
    MediaUrl,
    NoMedia,
    SentCaptions,
    SiteVideo,
    UploadedFile,
)
from app.services.jobs.record import JobRecord, JobState

_TITLE_CHARS = 300


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A job as a list shows it.

    Attributes:
        created_ms: Unix time of admission, in milliseconds.
        ended_ms: Unix time of the end; None before it.
        title: of its source, as far as it is known; untrusted text.
        kind: name of the door that handed it in; empty for the interactive ones.
        code: of the error that ended it; None for any other job.
    """

    id: str
    state: JobState
    created_ms: int
    ended_ms: int | None
    title: str
    progress: Progress | None = None
    kind: str = ""
    code: str | None = None


def summary_of(record: JobRecord) -> JobSummary:
    """Return the summary of a record."""
    now, now_s = time.time(), time.monotonic()
    ended_s = record.ended_s
    return JobSummary(
        id=record.id,
        state=record.state,
        created_ms=round((now - now_s + record.created_s) * 1000),
        ended_ms=None if ended_s is None else round((now - now_s + ended_s) * 1000),
        title=title_of(record),
        progress=record.progress,
        kind=record.queue.kind if record.queue else "",
        code=record.failure.code if record.failure else None,
    )


def title_of(record: JobRecord) -> str:
    """Return the title of a job's source: its site's, else the name of what was sent."""
    found = record.result.title if record.result is not None else ""
    return (found or source_name(record.request))[:_TITLE_CHARS]


def source_name(request: JobRequest) -> str:
    """Return a name for a request's source, without what an address says beside its path."""
    match request.source:
        case UploadedFile(name=name):
            return name or "upload"
        case ArrivingFile():
            return "upload"
        case LibraryFile(path=path):
            return path.name
        case MediaUrl(url=url):
            return _bare(url)
        case SiteVideo(page_url=page_url):
            return page_url
        case SentCaptions():
            return "captions"
        case NoMedia():
            return "call"


def _bare(url: str) -> str:
    """Return an address without its query, fragment, user and password: keys stand in them."""
    scheme, _, rest = url.partition("://")
    place = rest.partition("#")[0].partition("?")[0]
    host, slash, path = place.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
