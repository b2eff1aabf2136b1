"""Errors of media that cannot become subtitles, or that ffmpeg cannot make."""

from __future__ import annotations

from app.domain.errors.cuestream_error import CuestreamError


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


class MediaMismatchError(MediaError):
    """Subtitles or a text that do not belong to the recording, as far as can be told.

    Attributes:
        confidence: 0..1, that they do.
    """

    code = "media_mismatch"

    def __init__(self, confidence: float) -> None:
        super().__init__(
            "The text does not match what is said in the media, or too little of it does "
            f"to be sure (confidence {confidence:.2f}); nothing was changed"
        )
        self.confidence = confidence


class PictureTooLargeError(MediaError):
    """A picture of more pixels than the server decodes."""

    code = "picture_too_large"


class FfmpegError(MediaError):
    """ffmpeg could not make what was asked for."""

    code = "ffmpeg_failed"


class NoSpeechError(MediaError):
    """The recording contains no speech.

    Attributes:
        audio_ms: its length; 0 where it is not known.
    """

    code = "no_speech"

    def __init__(self, message: str, audio_ms: int = 0) -> None:
        super().__init__(message)
        self.audio_ms = audio_ms
