"""Reader of the metadata that the child process reports of a video."""

from __future__ import annotations

import json
from typing import cast

from app.domain.captions import CaptionKind, CaptionTrack
from app.domain.errors import InvalidLanguageError
from app.domain.language import Language
from app.domain.media import MediaInfo
from app.domain.time import seconds_to_ms
from app.services.sources.ytdlp.info_dict import FoundTrack, FoundVideo

_UNKNOWN = "und"

_KEY_CHARS = 100
"""Sites' keys for languages are tags with a few words behind them."""


def parse_found(data: bytes) -> FoundVideo:
    """Parse the child's JSON."""
    return cast("FoundVideo", json.loads(data))


def media_info(found: FoundVideo) -> MediaInfo:
    """Return the video's metadata; its language by its automatic captions if need be."""
    return MediaInfo(
        title=found["title"],
        description=found["description"],
        chapters=tuple((seconds_to_ms(start_s), title) for start_s, title in found["chapters"]),
        language=_tag(found["language"]) or _automatic_language(found["tracks"]),
        tracks_left_out=found["tracks_left_out"],
    )


def caption_tracks(found: FoundVideo) -> tuple[CaptionTrack, ...]:
    """Return the tracks, manual ones first."""
    return tuple(
        CaptionTrack(
            language=_tag(track["name"]) or _UNKNOWN,
            name=track["name"],
            kind=_kind(track),
            urls=tuple((name, url) for name, url in track["urls"]),
        )
        for track in sorted(found["tracks"], key=lambda track: _kind(track) == "auto")
    )


def _kind(track: FoundTrack) -> CaptionKind:
    return "auto" if track["kind"] == "auto" else "manual"


def _automatic_language(tracks: list[FoundTrack]) -> str:
    """Return the language of the one automatic track, which is in the spoken language."""
    tags = {_tag(track["name"]) for track in tracks if _kind(track) == "auto"}
    return tags.pop() if len(tags) == 1 else ""


def _tag(key: str) -> str:
    """Parse a site's key for a language, which may be a tag with a name behind it.

    Suffixes that are no part of the tag: YouTube's of the original, Vimeo's of automatic captions.
    """
    if len(key) > _KEY_CHARS:
        return ""
    stem = key.partition(".")[0].partition("-x-")[0].removesuffix("-orig")
    for text in (stem, stem.replace("_", "-").partition("-")[0]):
        try:
            return Language.parse(text).tag
        except InvalidLanguageError:
            continue
    return ""
