"""What a request gets that says nothing: many clients have no way to ask."""

from __future__ import annotations

from dataclasses import replace

from app.domain.profile import profile_named
from app.domain.request import JobRequest, SentCaptions
from app.settings import Settings


def with_server_defaults(
    request: JobRequest, settings: Settings, *, speakers: bool = True, profile: bool = True
) -> JobRequest:
    """Return a request with the server's own choices where the caller has made none.

    Args:
        request: of a caller.
        settings: hold the choices.
        speakers: whether the caller says nothing of speakers.
        profile: whether he says nothing of the reading profile.
    """
    if speakers and settings.diarizes_by_default and not isinstance(request.source, SentCaptions):
        # Labels in the text need the speakers ahead of the layout.
        request = replace(request, diarize=True, late_speakers=not request.profile.labels)
    if profile:
        own = profile_named(settings.jobs.default_profile)
        readers = request.profile
        own = own.for_readers(children=readers.children, sdh=readers.sdh, labels=readers.labels)
        request = replace(request, profile=own)
    return request
