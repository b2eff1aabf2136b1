"""Every error that a caller can meet, as one tree with stable codes.

    CuestreamError
    |- BadRequestError              the request itself is wrong; asking again will not help
    |  |- InvalidFieldError         a field is missing, of the wrong type or out of range
    |  |- InvalidLanguageError      not a language, or not one that the engines serve
    |  |- InvalidFormatError        not a subtitle format
    |  |- InvalidProfileError       not a reading profile
    |  |- InvalidCaptionsError      a caption file that cannot be read, or holds no captions
    |  |- UrlBlockedError           an address that the server must not reach
    |  |- UnavailableOptionError    asks for a step that this server has not been given
    |  `- BodyTypeError             a body of another type than the route reads
    |- MediaError                   the media cannot become subtitles
    |  |- EmptyMediaError           no bytes
    |  |- UnreadableMediaError      not audio or video that we decode
    |  |- TruncatedMediaError       cut off before its end
    |  |- ForbiddenMediaError       a playlist or container that names other files or addresses
    |  |- MediaTooLongError         longer than MAX_DURATION_S
    |  `- NoSpeechError             silent, or nobody speaks
    |- AccessError
    |  |- UnauthorizedError         no key, or a wrong one
    |  |- ForbiddenError
    |  |  |- UpgradeRequiredError   not in the caller's tier
    |  |  `- TranscriptionDisabledError  this server transcribes nothing
    |  |- NotFoundError             no such route, job or upload
    |  `- PayloadTooLargeError      more bytes than MAX_UPLOAD_MB
    |- UploadError
    |  |- UploadOffsetError         a part does not begin where the bytes so far end
    |  |- UploadLockedError         another part is being written
    |  |- UploadIncompleteError     bytes are missing yet
    |  |- ChecksumError             a part is not what its sender meant
    |  `- UploadVersionError        another version of the protocol
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
    |  `- OutOfMemoryError          the device has no memory left
    |- StorageError                 the disk is full or not writable
    |- TimedOutError                the answer would come after the gateway has hung up
    |- JobCancelledError            every reader left
    `- InternalError                a defect of ours

``code`` is part of the wire contract: it never changes once published. ``retryable`` says
whether the same request may succeed later.
"""

from __future__ import annotations

from app.domain.errors.access import (
    AccessError,
    ForbiddenError,
    JobNotFoundError,
    NoCaptionsError,
    NotFoundError,
    PayloadTooLargeError,
    TranscriptionDisabledError,
    UnauthorizedError,
    UpgradeRequiredError,
    UploadNotFoundError,
)
from app.domain.errors.busy import (
    BusyError,
    DrainingError,
    NotReadyError,
    OverloadedError,
    RateLimitedError,
)
from app.domain.errors.engine import (
    EngineError,
    EngineLoadError,
    OutOfMemoryError,
    SpeechError,
    SpeechUnavailableError,
)
from app.domain.errors.media import (
    EmptyMediaError,
    ForbiddenMediaError,
    MediaError,
    MediaTooLongError,
    NoSpeechError,
    TruncatedMediaError,
    UnreadableMediaError,
)
from app.domain.errors.request import (
    BadRequestError,
    BodyTypeError,
    InvalidCaptionsError,
    InvalidFieldError,
    InvalidFormatError,
    InvalidLanguageError,
    InvalidProfileError,
    UnavailableOptionError,
    UrlBlockedError,
)
from app.domain.errors.root import (
    CuestreamError,
)
from app.domain.errors.server import (
    InternalError,
    JobCancelledError,
    StorageError,
    TimedOutError,
)
from app.domain.errors.source import (
    SourceAgeRestrictedError,
    SourceBotCheckError,
    SourceDrmError,
    SourceError,
    SourceGeoBlockedError,
    SourceLiveError,
    SourceLoginRequiredError,
    SourcePrivateError,
    SourceRateLimitedError,
    SourceRemovedError,
    SourceUnsupportedError,
)
from app.domain.errors.translation import (
    TranslationAuthError,
    TranslationBudgetError,
    TranslationError,
    TranslationIncompleteError,
    TranslationQuotaError,
)
from app.domain.errors.upload import (
    ChecksumError,
    UploadError,
    UploadIncompleteError,
    UploadLockedError,
    UploadOffsetError,
    UploadVersionError,
)

__all__ = [
    "AccessError",
    "BadRequestError",
    "BodyTypeError",
    "BusyError",
    "ChecksumError",
    "CuestreamError",
    "DrainingError",
    "EmptyMediaError",
    "EngineError",
    "EngineLoadError",
    "ForbiddenError",
    "ForbiddenMediaError",
    "InternalError",
    "InvalidCaptionsError",
    "InvalidFieldError",
    "InvalidFormatError",
    "InvalidLanguageError",
    "InvalidProfileError",
    "JobCancelledError",
    "JobNotFoundError",
    "MediaError",
    "MediaTooLongError",
    "NoCaptionsError",
    "NoSpeechError",
    "NotFoundError",
    "NotReadyError",
    "OutOfMemoryError",
    "OverloadedError",
    "PayloadTooLargeError",
    "RateLimitedError",
    "SourceAgeRestrictedError",
    "SourceBotCheckError",
    "SourceDrmError",
    "SourceError",
    "SourceGeoBlockedError",
    "SourceLiveError",
    "SourceLoginRequiredError",
    "SourcePrivateError",
    "SourceRateLimitedError",
    "SourceRemovedError",
    "SourceUnsupportedError",
    "SpeechError",
    "SpeechUnavailableError",
    "StorageError",
    "TimedOutError",
    "TranscriptionDisabledError",
    "TranslationAuthError",
    "TranslationBudgetError",
    "TranslationError",
    "TranslationIncompleteError",
    "TranslationQuotaError",
    "TruncatedMediaError",
    "UnauthorizedError",
    "UnavailableOptionError",
    "UnreadableMediaError",
    "UpgradeRequiredError",
    "UploadError",
    "UploadIncompleteError",
    "UploadLockedError",
    "UploadNotFoundError",
    "UploadOffsetError",
    "UploadVersionError",
    "UrlBlockedError",
]
