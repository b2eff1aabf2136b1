"""What a site's HTTP status says about the media behind it."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.errors import (
    SourceError,
    SourceGeoBlockedError,
    SourceLoginRequiredError,
    SourceRateLimitedError,
    SourceRemovedError,
)

_MEANINGS: Mapping[int, type[SourceError]] = {
    401: SourceLoginRequiredError,
    402: SourceLoginRequiredError,
    404: SourceRemovedError,
    410: SourceRemovedError,
    429: SourceRateLimitedError,
    451: SourceGeoBlockedError,
}
"""Statuses that mean one thing. 403 is not among them: it may be a bot check, an address that
has expired, a missing login or a place. Source: RFC 9110 section 15.5, RFC 6585, RFC 7725."""


def refused(status: int, message: str) -> SourceError:
    """Return the error for a status that is no success."""
    return _MEANINGS.get(status, SourceError)(message)
