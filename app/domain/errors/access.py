"""What a caller may not have, or what is not there."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.errors.root import CuestreamError


class AccessError(CuestreamError):
    """The caller may not have this."""


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


class JobNotFoundError(NotFoundError):
    """No such job on this worker."""

    code = "job_not_found"


class UploadNotFoundError(NotFoundError):
    """No such upload."""

    code = "upload_not_found"


class NoCaptionsError(NotFoundError):
    """The video has no captions in a language that was asked for.

    Attributes:
        manual: the site's keys of the tracks that people wrote, in its order.
        auto: those of the tracks that a machine heard.
    """

    code = "no_captions"

    def __init__(self, message: str, manual: Sequence[str], auto: Sequence[str]) -> None:
        super().__init__(message)
        self.manual = tuple(manual)
        self.auto = tuple(auto)


class PayloadTooLargeError(AccessError):
    """More bytes than the server accepts."""

    code = "payload_too_large"

    def __init__(self, limit_mb: int) -> None:
        super().__init__("Request too large")
        self.limit_mb = limit_mb
