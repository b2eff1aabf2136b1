"""Every error that a caller can meet, as one tree with stable codes.

    CuestreamError
    |- BadRequestError              the request itself is wrong; asking again will not help
    |  |- InvalidFieldError         a field is missing, of the wrong type or out of range
    |  |  |- NamedFieldError        the same, with the field's name apart
    |  |  `- RepeatedFieldError      a field comes more than once that has one value
    |  |- InvalidLanguageError      not a language, or not one that the engines serve
    |  |- InvalidAudioTrackError    not an audio track of the recording, or one that is no sound
    |  |- InvalidFormatError        not a subtitle format
    |  |- InvalidProfileError       not a reading profile
    |  |- InvalidCaptionsError      a caption file that cannot be read, or holds no captions
    |  |- TooMuchWorkError          a text that takes more memory or time than it may
    |  |- UrlBlockedError           an address that the server must not reach
    |  |- NotAcceptableError        an answer in a form that the route does not make
    |  |- StoreNotConfiguredError   files are to be stored, and there is no store for them
    |  |- UnavailableOptionError    asks for a step that this server has not been given
    |  |- OperationUnavailableError a kind of job that this server does not offer
    |  |- IdempotencyConflictError  another job came under its Idempotency-Key
    |  `- BodyTypeError             a body of another type than the route reads
    |- MediaError                   the media cannot become subtitles
    |  |- EmptyMediaError           no bytes
    |  |- UnreadableMediaError      not audio or video that we decode
    |  |- TruncatedMediaError       cut off before its end
    |  |- ForbiddenMediaError       a playlist or container that names other files or addresses
    |  |- MediaTooLongError         longer than MAX_DURATION_S
    |  |- MediaMismatchError        subtitles that do not belong to the recording
    |  |- PictureTooLargeError      a picture of too many pixels
    |  |- FfmpegError               ffmpeg could not make what was asked for
    |  `- NoSpeechError             no speech in the recording
    |- AccessError
    |  |- LinkInvalidError          a link to a stored file with a wrong signature
    |  |- LinkExpiredError          a link to a stored file that has expired
    |  |- UnauthorizedError         no key, or a wrong one
    |  |- ForbiddenError
    |  |  |- UpgradeRequiredError   not in the caller's tier
    |  |  `- TranscriptionDisabledError  this server transcribes nothing
    |  |- NotFoundError             no such route, job, upload or stored file
    |  |- PayloadTooLargeError      more bytes than the route reads
    |  `- HeadersTooLargeError      a longer request line or header section than the server reads
    |- UploadError
    |  |- UploadOffsetError         a part does not begin where the bytes so far end
    |  |- UploadLockedError         another part is being written
    |  |- UploadIncompleteError     bytes are missing yet
    |  |- ChecksumError             a part is not what its sender meant
    |  `- UploadVersionError        another version of the protocol
    |- EditError                    edits of a job's cues are not stored as they were sent
    |  |- EditsChangedError         others were stored since the sender read them
    |  |- EditsUnconditionalError   the sender does not say which ones he has read
    |  `- JobUnfinishedError        the job's cues still change
    |- BusyError
    |  |- OverloadedError           every place is taken; carries retry_after_s
    |  |- RateLimitedError          the caller asked too often
    |  |- NotReadyError             models still load, or could not be loaded
    |  `- DrainingError             the server is going away
    |- SourceError                  the media could not be fetched
    |  |- SourcePrivateError        private
    |  |- SourceGeoBlockedError     not shown where the server is
    |  |- SourceAgeRestrictedError  for adults who are signed in
    |  |- SourceBotCheckError       the site wants proof of a person
    |  |- SourceLoginRequiredError  for those who are signed in, or who pay
    |  |- SourceRemovedError        removed, or never there
    |  |- SourceLiveError           live, or not begun yet
    |  |- SourceRateLimitedError    the site has had enough of this server for now
    |  |- SourceUnsupportedError    no video on the page
    |  |- SourceEncodingError       compressed in a way that was not asked for
    |  |- SourceTooSlowError        the bytes come too slowly
    |  `- SourceDrmError            protected by DRM
    |- TranslationError
    |  |- TranslationAuthError      the provider refused the key
    |  |- TranslationQuotaError     the provider's quota is used up
    |  |- TranslationBudgetError    the job would cost more than it may
    |  `- TranslationIncompleteError  lines that no attempt translated; carries their ids
    |- EngineError                  an engine failed on this input
    |  |- EngineLoadError           an engine cannot be loaded
    |  |  `- SpeechUnavailableError this server does not speak
    |  |- SpeechError               a text could not be spoken
    |  |  |- SpeechTimeoutError     a text was not spoken in time
    |  |  |- SpeechSilentError      the speech engine answered with silence
    |  |  `- SpeechTruncatedError   the speech engine broke off
    |  |- RemoteEngineError         a server that an engine calls failed
    |  |  `- RemoteEngineAuthError  it refused the key
    |  `- OutOfMemoryError          the device has no memory left
    |- DocumentStoreError           the database of batch jobs refused
    |  |- DatabaseUnreachableError  it cannot be reached, or went away
    |  |- DocumentSchemaError       it lacks tables or functions of ours
    |  |- ClaimLostError            another worker has taken a document over
    |  `- BatchUnavailableError     no database of batch jobs is configured
    |- TokenNotConfiguredError      nobody may call routes that want a token
    |- ResourceLimitError           the input takes more memory or time than one may cost
    |  `- OutputTooLargeError       a job's output is larger than a queue hands out
    |- StorageError                 the disk is full or not writable
    |  `- StoreUnavailableError     the database of jobs does not answer
    |- ObjectStoreError             the object store did not answer, or failed
    |  `- ObjectStoreDeniedError    the object store refuses the keys, or has no such bucket
    |- QueueError                   a job that waited, and that nobody works on any more
    |  |- VideoFailedError          a job for a video failed, or did not end in time
    |  |- JobInterruptedError       its worker died, and it cannot go on elsewhere
    |  |- JobExpiredError           it waited in the queue longer than it was to
    |  `- ExecutionTimeoutError     it ran longer than it was to
    |- RequestTimeoutError          the request came too slowly
    |- TimedOutError                the answer would come after the gateway has hung up
    |- JobCancelledError            every reader left
    `- InternalError                a defect of ours

``code`` is part of the wire contract: it never changes once published. ``retryable`` says
whether the same request may succeed later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

_QUOTED_CHARS = 60
"""Of what a caller sent, in a message that answers it."""


def quoted(text: str) -> str:
    """Return the beginning of a caller's text in quotation marks, for a message."""
    return repr(text if len(text) <= _QUOTED_CHARS else f"{text[:_QUOTED_CHARS]}…")


class CuestreamError(Exception):
    """Root of the tree.

    Attributes:
        code: stable machine-readable name.
        retryable: whether the same request may succeed later.
        message: one sentence for the person who asked; holds no path and no secret.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadRequestError(CuestreamError):
    """The request itself is wrong."""

    code = "invalid_request"


class InvalidFieldError(BadRequestError):
    """A field is missing, of the wrong type or out of range."""

    code = "invalid_field"


class NamedFieldError(InvalidFieldError):
    """A field is missing, of the wrong type or out of range; its name is told apart from the text.

    Args:
        field: its name.
        problem: what is wrong with it.

    Attributes:
        field: its name.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


class RepeatedFieldError(InvalidFieldError):
    """A field comes more than once that has one value.

    Attributes:
        field: its name.
    """

    code = "repeated_field"

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: may be there once only")
        self.field = field


class SeveralSourcesError(InvalidFieldError):
    """What is to be worked on is given in more than one way, and no one goes before the others.

    Args:
        names: of the fields.
    """

    code = "several_sources"

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"Send one of {', '.join(names[:-1])} and {names[-1]}, not several")


class InvalidLanguageError(BadRequestError):
    """Not a language, or not one that the chosen engines serve."""

    code = "invalid_language"


class InvalidAudioTrackError(BadRequestError):
    """Not an audio track of the recording, or one that cannot be decoded."""

    code = "invalid_audio_track"


class InvalidFormatError(BadRequestError):
    """Not a subtitle format that we write."""

    code = "invalid_format"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"Unknown subtitle format {quoted(name)}; known: {', '.join(known)}")


class InvalidProfileError(BadRequestError):
    """Not a reading profile that we know."""

    code = "invalid_profile"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"Unknown reading profile {quoted(name)}; known: {', '.join(known)}")


class InvalidCaptionsError(BadRequestError):
    """A caption file that cannot be read, or holds no captions."""

    code = "captions_unreadable"


class TooMuchWorkError(BadRequestError):
    """A text that takes more memory or processor time than one request may."""

    code = "text_too_complex"


class UrlBlockedError(BadRequestError):
    """An address that the server must not reach."""

    code = "url_blocked"


class UnavailableOptionError(BadRequestError):
    """Asks for a step that this server has not been given."""

    code = "option_unavailable"


class NotAcceptableError(BadRequestError):
    """Asks for an answer in a form that the route does not make.

    Attributes:
        available: media types that it does make.
    """

    code = "not_acceptable"

    def __init__(self, available: Sequence[str]) -> None:
        super().__init__(
            f"Accept names nothing that this route answers with: {', '.join(available)}"
        )
        self.available = tuple(available)


class StoreNotConfiguredError(BadRequestError):
    """No store for result files that the caller could reach: none in the settings or the job."""

    code = "store_not_configured"


class OperationUnavailableError(BadRequestError):
    """A kind of job that this server does not offer."""

    code = "operation_unavailable"


class IdempotencyConflictError(BadRequestError):
    """Another job came under its Idempotency-Key."""

    code = "idempotency_conflict"


class BodyTypeError(BadRequestError):
    """A body of another type than the route reads."""

    code = "unsupported_body"


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


class EditError(CuestreamError):
    """Edits of a job's cues are not stored as they were sent."""

    code = "edit_failed"


class EditsChangedError(EditError):
    """Others were stored since the sender read them, perhaps by another tab.

    Attributes:
        version: of what is stored.
    """

    code = "edits_changed"

    def __init__(self, version: int) -> None:
        super().__init__("The edits were changed meanwhile: read them again")
        self.version = version


class EditsUnconditionalError(EditError):
    """The sender does not say which edits he has read, so others' might be lost."""

    code = "if_match_required"


class JobUnfinishedError(EditError):
    """The cues of a job that runs still change, and one that failed has none."""

    code = "job_unfinished"


class BusyError(CuestreamError):
    """Not now, perhaps later."""

    retryable = True

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class OverloadedError(BusyError):
    """Every place is taken."""

    code = "overloaded"


class RateLimitedError(BusyError):
    """The caller asked too often.

    Attributes:
        advice: which limit it was and when to come back.
    """

    code = "rate_limited"

    def __init__(self, limit: str, retry_after_s: int) -> None:
        super().__init__("Rate limit exceeded", retry_after_s)
        self.advice = f"The limit is {limit}; try again in {retry_after_s} s"


class NotReadyError(BusyError):
    """Models still load, or could not be loaded."""

    code = "not_ready"


class DrainingError(BusyError):
    """The server is going away."""

    code = "server_shutdown"


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


class EngineError(CuestreamError):
    """An engine failed on this input."""

    code = "engine_failed"
    retryable = True


class RemoteEngineError(EngineError):
    """A server that an engine calls failed, or its answer cannot be used."""

    code = "remote_engine_failed"


class RemoteEngineAuthError(RemoteEngineError):
    """A server that an engine calls refused the key."""

    code = "remote_engine_auth"
    retryable = False


class EngineLoadError(EngineError):
    """An engine cannot be loaded."""

    code = "engine_unavailable"
    retryable = False


class SpeechUnavailableError(EngineLoadError):
    """This server does not speak: speech is disabled, or its engine is not installed."""

    code = "speech_unavailable"


class SpeechError(EngineError):
    """A text could not be spoken."""

    code = "speech_failed"


class SpeechTimeoutError(SpeechError):
    """A text was not spoken in time."""

    code = "speech_timeout"


class SpeechSilentError(SpeechError):
    """The speech engine answered with silence."""

    code = "speech_silent"


class SpeechTruncatedError(SpeechError):
    """The speech engine broke off."""

    code = "speech_truncated"


class OutOfMemoryError(EngineError):
    """The device has no memory left."""

    code = "out_of_memory"


class TranslationError(CuestreamError):
    """The translator failed."""

    code = "translation_failed"
    retryable = True


class TranslationAuthError(TranslationError):
    """The provider refused the key."""

    code = "translation_auth"
    retryable = False


class TranslationQuotaError(TranslationError):
    """The provider's quota is used up."""

    code = "translation_quota"
    retryable = False


class TranslationBudgetError(TranslationError):
    """The job would cost more than it may."""

    code = "translation_budget"
    retryable = False


class TranslationIncompleteError(TranslationError):
    """Lines that no attempt translated.

    Attributes:
        missing: ids of the cues without a translation, ascending.
    """

    code = "translation_incomplete"

    def __init__(self, missing: Sequence[int]) -> None:
        shown = ", ".join(str(line) for line in missing[:10])
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        super().__init__(f"No translation came back for lines {shown}{more}")
        self.missing = tuple(missing)


class DocumentStoreError(CuestreamError):
    """The database of batch jobs refused a call."""

    code = "document_store_failed"
    retryable = True


class DatabaseUnreachableError(DocumentStoreError):
    """The database of batch jobs cannot be reached, or went away in the middle of a call."""

    code = "database_unreachable"


class DocumentSchemaError(DocumentStoreError):
    """The database of batch jobs lacks tables, columns or functions of ours."""

    code = "database_schema"
    retryable = False


class ClaimLostError(DocumentStoreError):
    """Another worker has taken a document over, since its lease ran out."""

    code = "claim_lost"


class BatchUnavailableError(DocumentStoreError):
    """No database of batch jobs is configured."""

    code = "batch_unavailable"
    retryable = False


class TokenNotConfiguredError(CuestreamError):
    """Nobody may call the routes that want a token, since the server has none."""

    code = "token_not_configured"


class ResourceLimitError(CuestreamError):
    """The input takes more memory, time or disk than a program may use for one."""

    code = "resource_limit"


class OutputTooLargeError(ResourceLimitError):
    """A job's output, or one part of it, is larger than a queue hands out."""

    code = "output_too_large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The output is larger than {limit_bytes // 2**20} MiB")


class StorageError(CuestreamError):
    """The disk is full or not writable."""

    code = "storage_failed"
    retryable = True


class ObjectStoreError(CuestreamError):
    """The object store did not answer, or failed."""

    code = "object_store_failed"
    retryable = True


class ObjectStoreDeniedError(ObjectStoreError):
    """The object store refuses the keys, or has no such bucket."""

    code = "object_store_denied"
    retryable = False


class StoreUnavailableError(StorageError):
    """The database of jobs does not answer."""

    code = "store_unavailable"


class QueueError(CuestreamError):
    """Nobody works on the job any more."""

    code = "queue_failed"


class VideoFailedError(QueueError):
    """A job for a video failed, or did not end in time."""

    code = "video_failed"


class JobInterruptedError(QueueError):
    """Its worker died, and it cannot go on elsewhere."""

    code = "job_interrupted"
    retryable = True


class JobExpiredError(QueueError):
    """It waited in the queue longer than it was to."""

    code = "job_expired"
    retryable = True


class ExecutionTimeoutError(QueueError):
    """It ran longer than it was to."""

    code = "execution_timeout"


class RequestTimeoutError(CuestreamError):
    """The request came too slowly: its head, or its body."""

    code = "request_timeout"
    retryable = True


class TimedOutError(CuestreamError):
    """The answer would come after the gateway has hung up."""

    code = "timed_out"
    retryable = True


class JobCancelledError(CuestreamError):
    """Every reader left."""

    code = "cancelled"
    retryable = True


class InternalError(CuestreamError):
    """A defect of ours."""

    code = "internal"
    retryable = True
