"""Fields of requests that name a video or a language."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.domain.errors import (
    BadRequestError,
    InvalidFieldError,
    InvalidLanguageError,
    quoted,
)
from app.domain.language import Language, not_a_language, parse_target
from app.domain.request import SiteVideo

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_INDEX = re.compile(r"[0-9]{1,4}")
_MOST_TRACKS = 10_000
_MAX_LANGUAGES = 20
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")


def check_video_id(video_id: str) -> None:
    """Check an id of a video on any site.

    Raises:
        BadRequestError: it has another form.
    """
    if not _VIDEO_ID.fullmatch(video_id):
        raise BadRequestError("Invalid video_id format")


def youtube_video(video_id: str | None) -> SiteVideo:
    """Return the page of a video on YouTube.

    Raises:
        BadRequestError: there is no id, or it has not the form of YouTube's.
    """
    if not video_id:
        raise BadRequestError("video_id is required")
    if not _YOUTUBE_ID.fullmatch(video_id):
        raise BadRequestError("Invalid video_id format")
    return SiteVideo(f"https://www.youtube.com/watch?v={video_id}")


def spoken_language(text: str | None) -> Language | None:
    """Parse a spoken language; None where it is to be detected.

    Raises:
        InvalidFieldError: not a language.
    """
    try:
        return parse_target(text)
    except InvalidLanguageError:
        raise InvalidFieldError(not_a_language("source language", text or "")) from None


def caption_language(text: str | None) -> str | None:
    """Parse the language of sent captions; None where it is not given.

    Raises:
        InvalidFieldError: not a language.
    """
    try:
        language = parse_target(text)
    except InvalidLanguageError:
        wrong = not_a_language("language of the captions", text or "")
        raise InvalidFieldError(wrong) from None
    return language.tag if language else None


def base_languages(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that detection chooses from: base tags, each once, sorted.

    Raises:
        InvalidFieldError: one is no language, or there are too many.
    """
    if len(tags) > _MAX_LANGUAGES:
        raise InvalidFieldError(f"allowed_languages: at most {_MAX_LANGUAGES}")
    return tuple(sorted({_base_language(tag) for tag in tags}))


def _base_language(tag: str) -> str:
    try:
        return Language.parse(tag).base
    except InvalidLanguageError:
        raise InvalidFieldError(f"allowed_languages: no language: {quoted(tag)}") from None


def language_code(text: str) -> Language:
    """Parse the language of a text, where there must be one.

    Raises:
        InvalidLanguageError: not a language.
    """
    try:
        return Language.parse(text)
    except InvalidLanguageError:
        raise InvalidLanguageError(not_a_language("language code", text)) from None


def audio_track(value: int | str | None) -> int | str | None:
    """Parse an audio track: its index, or its language in standard spelling; None for any.

    Raises:
        InvalidFieldError: neither an index nor a language.
    """
    if isinstance(value, str):
        value = value.strip()
        if value.lower() in {"", "auto", "none"}:
            return None
        if _INDEX.fullmatch(value):
            value = int(value)
    if isinstance(value, bool) or (isinstance(value, int) and not 0 <= value < _MOST_TRACKS):
        raise InvalidFieldError("audio_track: an index from 0, or a language")
    if value is None or isinstance(value, int):
        return value
    try:
        return Language.parse(value).tag
    except InvalidLanguageError:
        raise InvalidFieldError("audio_track: an index from 0, or a language") from None
