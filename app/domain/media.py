"""Metadata of a recording."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Metadata that a page gives for its video; all of it is untrusted text.

    Attributes:
        title: empty when unknown.
        description: empty when unknown.
        chapters: start in milliseconds and title, in order.
        language: BCP 47 tag of what is spoken as the site says, or an empty string.
    """

    title: str = ""
    description: str = ""
    chapters: tuple[tuple[int, str], ...] = ()
    language: str = ""


NO_INFO = MediaInfo()
"""Metadata of a bare file: none."""
