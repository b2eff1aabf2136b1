"""Result message of a live stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LiveResult:
    """One state of one caption line, or an error.

    Attributes:
        status: ``transcribing`` while the words or their translation may still change, then
            ``final``; a final line is not sent again.
        text: the words so far; empty where an error is about no line.
        translation: text in the viewer's language, or None while it is not known.
        language: BCP 47 tag of ``text``, or empty.
        error: what went wrong; only with the status ``error``.
    """

    status: Literal["transcribing", "final", "error"]
    text: str = ""
    translation: str | None = None
    language: str = ""
    error: str | None = None


SendResult = Callable[[LiveResult], Awaitable[None]]
"""Sends a result to the client."""
