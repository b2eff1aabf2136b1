"""Reading what the child process tells of a video."""

from __future__ import annotations

import json
import re
from typing import cast

from app.domain.captions import CaptionKind, CaptionTrack
from app.domain.errors import InvalidLanguageError
from app.domain.language import Language
from app.domain.media import MediaInfo
from app.domain.time import seconds_to_ms
from app.services.sources.ytdlp.found import Found, Track

_UNKNOWN = "und"

_NO_TAG = re.compile(r"-orig$|-x-.*$|\..*$")
"""What sites append to a language: YouTube to the original, Vimeo to what a machine heard."""


def read_found(data: bytes) -> Found:
    """Return what was told."""
    return cast("Found", json.loads(data))


def media_info(found: Found) -> MediaInfo:
    """Return what is known of the video; its language from its own captions if need be."""
    return MediaInfo(
        title=found["title"],
        description=found["description"],
        chapters=tuple((seconds_to_ms(start_s), title) for start_s, title in found["chapters"]),
        language=_tag(found["language"]) or _heard_language(found["tracks"]),
    )


def caption_tracks(found: Found) -> tuple[CaptionTrack, ...]:
    """Return the tracks that are there to be had, people's first."""
    return tuple(
        CaptionTrack(
            language=_tag(track["name"]) or _UNKNOWN,
            name=track["name"],
            kind=_kind(track),
            urls=tuple((name, url) for name, url in track["urls"]),
        )
        for track in sorted(found["tracks"], key=lambda track: _kind(track) == "auto")
    )


def _kind(track: Track) -> CaptionKind:
    return "auto" if track["kind"] == "auto" else "manual"


def _heard_language(tracks: list[Track]) -> str:
    """Return the language of the one automatic track: a machine writes what it hears."""
    tags = {_tag(track["name"]) for track in tracks if _kind(track) == "auto"}
    return tags.pop() if len(tags) == 1 else ""


def _tag(key: str) -> str:
    """Read a site's key for a language, which may be a tag with a name behind it."""
    stem = _NO_TAG.sub("", key)
    for text in (stem, stem.replace("_", "-").partition("-")[0]):
        try:
            return Language.parse(text).tag
        except InvalidLanguageError:
            continue
    return ""
