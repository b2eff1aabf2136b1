"""Links to stored files in answers: for which callers, and where they begin."""

from __future__ import annotations

from fastapi import Request

from app.routers.access.callers import caller_name
from app.routers.dependencies import services_of
from app.services.jobs.runtime import JobRuntime
from app.submission.file_delivery import FileDelivery

_SCHEMES = frozenset({"http", "https"})


def base_url(request: Request) -> str:
    """Return the address of the server as the client knows it.

    A proxy that ends TLS says so in ``X-Forwarded-Proto``, which is believed where proxies are
    trusted. A client who sends a false ``Host`` gets useless links, and nobody else does.
    """
    scheme = request.url.scheme
    if services_of(request).settings.trusted_proxies:
        told = request.headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        scheme = told if told in _SCHEMES else scheme
    return f"{scheme}://{request.url.netloc}"


def file_delivery(request: Request, job: JobRuntime) -> FileDelivery | None:
    """Return how the caller gets the files of a job; None where he did not ask for stored ones."""
    caller = caller_name(request)
    if not job.callers.wants_files(caller):
        return None
    files = services_of(request).files
    return FileDelivery(files, caller, job.callers.own_store(caller), base_url(request))
