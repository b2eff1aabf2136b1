"""Errors of a caller who may not have what he asks for, or asks for what is not there."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.errors.cuestream_error import CuestreamError


class AccessError(CuestreamError):
    """The caller may not have this."""


class LinkInvalidError(AccessError):
    """A link to a stored file whose signature is missing or wrong."""

    code = "link_invalid"


class LinkExpiredError(AccessError):
    """A link to a stored file that worked once; a job's result shows fresh ones."""

    code = "link_expired"


class UnauthorizedError(AccessError):
    """No API key, or a wrong one."""

    code = "unauthorized"


class ForbiddenError(AccessError):
    """Asking again will not help, though the request is well formed."""


class UpgradeRequiredError(ForbiddenError):
    """Not in the caller's tier."""

    code = "upgrade_required"


class TranscriptionDisabledError(ForbiddenError):
    """This server transcribes nothing."""

    code = "transcription_disabled"


class NotFoundError(AccessError):
    """No such route or job."""

    code = "not_found"


class ModelNotFoundError(NotFoundError):
    """No model of that name."""

    code = "model_not_found"


class JobNotFoundError(NotFoundError):
    """No such job on this worker."""

    code = "job_not_found"


class UploadNotFoundError(NotFoundError):
    """No such upload."""

    code = "upload_not_found"


class FileNotStoredError(NotFoundError):
    """No such stored file: it was removed, for its age or for want of room."""

    code = "file_not_found"


class AudioNotStoredError(NotFoundError):
    """The server does not have the sound of a job (any more)."""

    code = "audio_not_stored"


class MediaNotStoredError(NotFoundError):
    """The server does not have the media of a job (any more), or not yet all of it."""

    code = "media_not_stored"


class NoCaptionsError(NotFoundError):
    """The video has no captions in a language that was asked for.

    Attributes:
        manual: the site's keys of the tracks that people wrote, in its order.
        auto: languages of automatic captions.
    """

    code = "no_captions"

    def __init__(self, message: str, manual: Sequence[str], auto: Sequence[str]) -> None:
        super().__init__(message)
        self.manual = tuple(manual)
        self.auto = tuple(auto)


class PayloadTooLargeError(AccessError):
    """More bytes than the server accepts.

    Attributes:
        limit_mb: how many it does, in MiB.
    """

    code = "payload_too_large"

    def __init__(self, limit_mb: int, what: str = "Request") -> None:
        super().__init__(f"{what} too large: {limit_mb} MiB at most")
        self.limit_mb = limit_mb


class HeadersTooLargeError(AccessError):
    """A longer request line or header section than the server reads."""

    code = "headers_too_large"
