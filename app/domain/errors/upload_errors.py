"""Errors of uploads in parts."""

from __future__ import annotations

from app.domain.errors.cuestream_error import CuestreamError


class UploadError(CuestreamError):
    """An upload in parts cannot go on like this."""

    code = "upload_failed"


class UploadOffsetError(UploadError):
    """A part does not begin where the bytes so far end.

    Attributes:
        offset: where it has to begin.
    """

    code = "upload_offset"
    retryable = True

    def __init__(self, offset: int) -> None:
        super().__init__(f"The upload goes on at byte {offset}")
        self.offset = offset


class UploadLockedError(UploadError):
    """Another part of the upload is being written."""

    code = "upload_locked"
    retryable = True


class UploadIncompleteError(UploadError):
    """Bytes are missing yet."""

    code = "upload_incomplete"


class ChecksumError(UploadError):
    """A part is not what its sender meant."""

    code = "checksum_mismatch"
    retryable = True


class UploadVersionError(UploadError):
    """Another version of the upload protocol."""

    code = "upload_version"
