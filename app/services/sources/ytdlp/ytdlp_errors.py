"""Classification of yt-dlp's errors.

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
    """The download restarted, so bytes were written twice."""


class FinishedError(DownloadCancelled):  # type: ignore[misc]
    """The server has no more requests."""


class CaptionLimitError(DownloadCancelled):  # type: ignore[misc]
    """A caption file is larger, or takes longer, than captions do."""


class EncodingError(DownloadCancelled):  # type: ignore[misc]
    """A response is encoded in a way that was not asked for."""


class PageSizeError(DownloadCancelled):  # type: ignore[misc]
    """A page has more bytes than pages do."""


class SelectionError(DownloadCancelled):  # type: ignore[misc]
    """Days or places of a playlist's entries cannot be read."""


class LongListError(DownloadCancelled):  # type: ignore[misc]
    """Places are counted from the end of a list that is too long to be read to its end."""


class NothingError(DownloadCancelled):  # type: ignore[misc]
    """The page has neither a list nor a video."""


def classify(error: YoutubeDLError) -> tuple[str, str]:
    """Return the kind of an error with its HTTP status or the site's own message, if any."""
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (LiveError, "live"),
        (RestartedError, "broken_off"),
        (CaptionLimitError, "broken_off"),
        (EncodingError, "encoding"),
        (PageSizeError, "page_size"),
        (SelectionError, "selection"),
        (LongListError, "long_list"),
        (NothingError, "nothing"),
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
    # After its last retry, yt-dlp no longer says what happened each time.
    gave_up = isinstance(error, DownloadError) and not any(error.exc_info or ())
    return "broken_off" if gave_up else "failed", ""


def _causes(error: BaseException) -> list[BaseException]:
    """Return an error with the errors that it wraps, outermost first."""
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
