"""Root of the tree of errors."""

from __future__ import annotations

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
