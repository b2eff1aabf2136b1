"""Errors of a request that is wrong in itself: another attempt does not help."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.errors.cuestream_error import CuestreamError, quoted


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
    """Not a format that we write."""

    code = "invalid_format"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"Unknown format {quoted(name)}; known: {', '.join(known)}")


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
