"""The root of the tree."""

from __future__ import annotations

from typing import ClassVar


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
