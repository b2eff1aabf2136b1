"""Errors of a provider, classified by what can be done about them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import openai

from app.domain.errors import TranslationAuthError, TranslationError, TranslationQuotaError
from app.system.answer_limits import AnswerLimitError
from app.system.retry_after import seconds_until

_QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
"""Source: https://platform.openai.com/docs/guides/error-codes"""

_PASSING = frozenset({408, 409, 425, 429})
"""Statuses below 500 that ask for a later try. Source: RFC 9110, RFC 6585, RFC 8470."""


_STATUS = re.compile(r"[1-5][0-9]{2}")

_THROTTLED = frozenset({429, 529})
"""Statuses that ask for fewer requests. Source: RFC 6585; Anthropic's documentation of errors."""


class PassingFailureError(Exception):
    """The same request may succeed in a moment.

    Attributes:
        event: text for the log when the request is sent again.
        message: for the error that follows when all attempts failed.
        retry_after_s: delay that the provider asks for; None if it names none.
        throttled: whether it asks for fewer requests at a time.
    """

    event = "translation provider failed"

    def __init__(
        self, message: str, retry_after_s: float | None = None, *, throttled: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after_s = retry_after_s
        self.throttled = throttled


class FormRefusedError(Exception):
    """The provider rejects the request as malformed; it may not support the answer format."""


@contextmanager
def map_sdk_errors() -> Iterator[None]:
    """Map exceptions of the SDK to ours.

    The provider's own words are dropped on purpose: they may quote the key or the request.

    Raises:
        TranslationAuthError: the key was refused.
        TranslationQuotaError: the quota is used up.
        TranslationError: another attempt will not help.
        PassingFailureError: another attempt may help.
        FormRefusedError: another answer format may help.
    """
    try:
        yield
    except openai.APIStatusError as error:
        raise _by_status(error.status_code, error) from None
    except openai.APITimeoutError:
        raise PassingFailureError("The translation provider does not answer") from None
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, AnswerLimitError):
            raise TranslationError(f"The translation provider: {error.__cause__}") from None
        raise PassingFailureError("The translation provider cannot be reached") from None
    except openai.APIError as error:
        raise _in_stream(error) from None
    except AnswerLimitError as error:
        raise TranslationError(f"The translation provider: {error}") from None
    except (httpx2.HTTPError, OSError, json.JSONDecodeError, UnicodeDecodeError):
        raise PassingFailureError("The translation provider's answer is broken") from None


def _in_stream(error: openai.APIError) -> Exception:
    """Classify an error that arrived after the answer had begun with status 200."""
    status = int(error.code) if error.code and _STATUS.fullmatch(str(error.code)) else 500
    failure = _by_status(status, error)
    return failure if isinstance(failure, TranslationError) else PassingFailureError(str(failure))


def _by_status(status: int, error: openai.APIError) -> Exception:
    if status in {401, 403}:
        return TranslationAuthError("The translation provider refused the key")
    if status == 402 or not _QUOTA_CODES.isdisjoint({str(error.code), str(error.type)}):
        return TranslationQuotaError("The translation provider's quota is used up")
    if status in {400, 422}:
        return FormRefusedError("The translation provider refused the request")
    if status in _PASSING or status >= 500:
        message = f"The translation provider answered with status {status}"
        return PassingFailureError(message, _retry_after_s(error), throttled=status in _THROTTLED)
    return TranslationError(
        f"The translation provider answered with status {status}: "
        "its address or its model may be wrong (SERVER_API_URL, SERVER_MODEL; api_url and model of "
        "a request with a key of its own)"
    )


def _retry_after_s(error: openai.APIError) -> float | None:
    if not isinstance(error, openai.APIStatusError):
        return None
    return seconds_until(error.response.headers.get("retry-after", ""))
