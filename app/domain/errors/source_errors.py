"""Errors of fetching media from an address or a site."""

from __future__ import annotations

from app.domain.errors.cuestream_error import CuestreamError


class SourceError(CuestreamError):
    """The media could not be fetched."""

    code = "source_failed"
    retryable = True


class SourcePrivateError(SourceError):
    """The video is private."""

    code = "source_private"
    retryable = False


class SourceGeoBlockedError(SourceError):
    """The site does not show the video where the server is."""

    code = "source_geo_blocked"
    retryable = False


class SourceAgeRestrictedError(SourceError):
    """The site shows the video to signed-in adults alone."""

    code = "source_age_restricted"
    retryable = False


class SourceBotCheckError(SourceError):
    """The site wants proof of a person."""

    code = "source_bot_check"
    retryable = False


class SourceLoginRequiredError(SourceError):
    """The site shows the video to those alone who are signed in, or who pay."""

    code = "source_login_required"
    retryable = False


class SourceRemovedError(SourceError):
    """The video was removed, or never was there."""

    code = "source_removed"
    retryable = False


class SourceLiveError(SourceError):
    """The video is live, or has not begun yet."""

    code = "source_live"
    retryable = False


class SourceRateLimitedError(SourceError):
    """The site has had enough of this server for now."""

    code = "source_rate_limited"


class SourceUnsupportedError(SourceError):
    """There is no video on the page."""

    code = "source_unsupported"
    retryable = False


class SourceEncodingError(SourceError):
    """The media's server compresses its answer in a way that was not asked for."""

    code = "source_encoding"
    retryable = False


class SourceTooSlowError(SourceError):
    """The bytes come too slowly."""

    code = "source_too_slow"


class SourceDrmError(SourceError):
    """The video is protected by DRM."""

    code = "source_drm"
    retryable = False
