"""A request that is wrong itself."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.errors.root import CuestreamError


class BadRequestError(CuestreamError):
    """The request itself is wrong."""

    code = "invalid_request"


class InvalidFieldError(BadRequestError):
    """A field is missing, of the wrong type or out of range."""

    code = "invalid_field"


class InvalidLanguageError(BadRequestError):
    """Not a language, or not one that the chosen engines serve."""

    code = "invalid_language"


class InvalidFormatError(BadRequestError):
    """Not a subtitle format that we write."""

    code = "invalid_format"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"Unknown subtitle format {name!r}; known: {', '.join(known)}")


class InvalidProfileError(BadRequestError):
    """Not a reading profile that we know."""

    code = "invalid_profile"

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"Unknown reading profile {name!r}; known: {', '.join(known)}")


class InvalidCaptionsError(BadRequestError):
    """A caption file that cannot be read, or holds no captions."""

    code = "captions_unreadable"


class UrlBlockedError(BadRequestError):
    """An address that the server must not reach."""

    code = "url_blocked"


class UnavailableOptionError(BadRequestError):
    """Asks for a step that this server has not been given."""

    code = "option_unavailable"


class BodyTypeError(BadRequestError):
    """A body of another type than the route reads."""

    code = "unsupported_body"
