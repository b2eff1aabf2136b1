"""Errors of translation providers."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.errors.cuestream_error import CuestreamError


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
