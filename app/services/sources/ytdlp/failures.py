"""Why yt-dlp has no video for us, by its error classes.

Imports yt-dlp, so only the child process imports this.
"""

from __future__ import annotations

from yt_dlp.cookies import CookieLoadError
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import (
    ContentTooShortError,
    DownloadCancelled,
    DownloadError,
    ExtractorError,
    GeoRestrictedError,
    UnsupportedError,
    UserNotLive,
    YoutubeDLError,
)


class LiveError(DownloadCancelled):  # type: ignore[misc]
    """The video is live, or about to be."""


class RestartedError(DownloadCancelled):  # type: ignore[misc]
    """The download began anew, so bytes were written twice."""


class LeftError(DownloadCancelled):  # type: ignore[misc]
    """The server wants nothing more."""


class TooMuchError(DownloadCancelled):  # type: ignore[misc]
    """A caption file is larger, or takes longer, than captions do."""


def explain(error: YoutubeDLError) -> tuple[str, str]:
    """Return the kind of an error and the site's own words about it, where there are any."""
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (LiveError, "live"),
        (RestartedError, "broken_off"),
        (TooMuchError, "broken_off"),
        (CookieLoadError, "cookies"),
        (GeoRestrictedError, "geo"),
        (UnsupportedError, "unsupported"),
        (UserNotLive, "not_live"),
        (HTTPError, "http"),
        (TransportError, "network"),
        (ContentTooShortError, "broken_off"),
    )
    for candidate in _causes(error):
        for family, kind in kinds:
            if isinstance(candidate, family):
                return kind, str(getattr(candidate, "status", ""))
    for candidate in _causes(error):
        if isinstance(candidate, ExtractorError) and candidate.expected:
            return "said", candidate.orig_msg
    # Once it has given up trying again, yt-dlp no longer says what happened each time.
    gave_up = isinstance(error, DownloadError) and not any(error.exc_info or ())
    return "broken_off" if gave_up else "failed", ""


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error and what it wraps, outermost first."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        candidate = queue.pop(0)
        if not isinstance(candidate, BaseException) or candidate in found:
            continue
        found.append(candidate)
        if isinstance(candidate, DownloadError | ExtractorError):
            queue += [getattr(candidate, "cause", None), *(candidate.exc_info or ())]
        queue.append(candidate.__cause__)
    return found
