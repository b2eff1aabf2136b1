"""Media that cannot become subtitles."""

from __future__ import annotations

from app.domain.errors.root import CuestreamError


class MediaError(CuestreamError):
    """The media cannot become subtitles."""

    code = "media_error"


class EmptyMediaError(MediaError):
    """The file has no bytes."""

    code = "media_empty"


class UnreadableMediaError(MediaError):
    """Not audio or video that we decode."""

    code = "media_unreadable"


class TruncatedMediaError(MediaError):
    """The media is cut off before its end."""

    code = "media_truncated"


class ForbiddenMediaError(MediaError):
    """A playlist or container that names other files or addresses."""

    code = "media_forbidden"


class MediaTooLongError(MediaError):
    """Longer than the server accepts."""

    code = "media_too_long"


class NoSpeechError(MediaError):
    """Silent, or nobody speaks."""

    code = "no_speech"
