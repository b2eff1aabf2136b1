"""What is known about a recording besides its sound."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a page says about its video; all of it is a stranger's text.

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
"""A bare file: nobody says anything about it."""
