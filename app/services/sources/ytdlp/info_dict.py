"""Metadata of a video from yt-dlp's info dictionary, as plain values for the server.

Only the child process imports this; it needs nothing but the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypedDict
from urllib.parse import parse_qs, urlsplit

FORMATS: Mapping[str, str] = {
    "json3": "json3",
    "vtt": "vtt",
    "webvtt": "vtt",
    "srv1": "srv1",
    "ttml": "ttml",
    "dfxp": "ttml",
    "srt": "srt",
}
"""Caption formats that the server reads, by the names that yt-dlp and sites have for them."""

_ORIGINAL = "-orig"
"""Suffix of the key of YouTube's automatic track that is no translation. Source: yt-dlp's YouTube
extractor, which lists the same track without the suffix too."""

_TITLE_CHARS = 500
_DESCRIPTION_CHARS = 10_000
_CHAPTERS = 500
_TRACKS = 500
"""Caption tracks; the largest sites have some two hundred languages."""
_KEY_CHARS = 200
_URL_CHARS = 4096

Entry = Mapping[str, object]
"""A caption file as yt-dlp describes it: ``ext``, ``url`` or ``data``, ``http_headers``, ..."""


class FoundTrack(TypedDict):
    """One caption track; ``urls`` are pairs of format and address, empty where it is inline."""

    name: str
    kind: str
    urls: list[tuple[str, str]]


class FoundVideo(TypedDict):
    """Metadata of a video.

    ``chapters`` are pairs of start in seconds and title; ``tracks_left_out`` counts the caption
    tracks beyond those that are looked at.
    """

    title: str
    description: str
    chapters: list[tuple[float, str]]
    duration_s: float | None
    language: str
    tracks: list[FoundTrack]
    tracks_left_out: int


def is_live(info: Mapping[str, object]) -> bool:
    """Return whether a video is live, or about to be."""
    return bool(info.get("is_live")) or info.get("live_status") in {"is_live", "is_upcoming"}


def describe_video(info: Mapping[str, object]) -> FoundVideo:
    """Return the metadata that the server uses."""
    tracks = caption_files(info)
    return {
        "title": _title(info)[:_TITLE_CHARS],
        "description": _text(info.get("description"))[:_DESCRIPTION_CHARS],
        "chapters": list(_chapters(info))[:_CHAPTERS],
        "duration_s": finite(info.get("duration")),
        "language": _text(info.get("language")) or _audio_language(info),
        "tracks": [
            {
                "name": name,
                "kind": kind,
                "urls": [(wanted, _text(entry.get("url"))) for wanted, entry in files.items()],
            }
            for (kind, name), files in islice(tracks.items(), _TRACKS)
        ],
        "tracks_left_out": max(0, len(tracks) - _TRACKS),
    }


def finite(given: object) -> float | None:
    """Return a number; None for anything else, "not a number" and infinity, which JSON may hold."""
    if not isinstance(given, int | float):
        return None
    try:
        number = float(given)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def caption_files(info: Mapping[str, object]) -> dict[tuple[str, str], dict[str, Entry]]:
    """Return the files of each track by format; tracks by kind and by the site's key.

    Left out are a broadcast's chat, formats other than captions, and machine translations of
    another track.
    """
    manual = _by_key(info.get("subtitles"))
    auto = _by_key(info.get("automatic_captions"))
    found: dict[tuple[str, str], dict[str, Entry]] = {}
    for key, entries in manual.items():
        if files := _files(entries):
            found["auto" if "autogen" in key else "manual", key] = files
    for key, entries in auto.items():
        files = _files(entries)
        if files and key + _ORIGINAL not in auto and not _is_translation(key, files, manual):
            found["auto", key] = files
    return found


def _is_translation(key: str, files: Mapping[str, Entry], manual: Mapping[str, object]) -> bool:
    """Recognise a machine translation by its address, or by its key: ``en-de`` is from ``de``."""
    if any("tlang" in parse_qs(urlsplit(_text(file.get("url"))).query) for file in files.values()):
        return True
    return any(key.endswith(f"-{name}") for name in manual)


def _by_key(given: object) -> dict[str, list[Entry]]:
    if not isinstance(given, Mapping):
        return {}
    return {
        str(key): [entry for entry in entries if isinstance(entry, Mapping)]
        for key, entries in given.items()
        if key != "live_chat" and len(str(key)) <= _KEY_CHARS and isinstance(entries, Sequence)
    }


def _files(entries: Sequence[Entry]) -> dict[str, Entry]:
    """Return the first file of each format."""
    files: dict[str, Entry] = {}
    for entry in entries:
        wanted = FORMATS.get(_text(entry.get("ext")).lower())
        url = _text(entry.get("url"))
        if wanted and (entry.get("data") is not None or 0 < len(url) <= _URL_CHARS):
            files.setdefault(wanted, entry)
    return files


def _title(info: Mapping[str, object]) -> str:
    """Return the title, unless it is just the name of a file without a title."""
    title = _text(info.get("title"))
    file_name = _text(info.get("webpage_url_basename"))
    bare = info.get("extractor_key") == "Generic" and file_name.partition(".")[0] == title
    return "" if bare else title


def _chapters(info: Mapping[str, object]) -> Iterator[tuple[float, str]]:
    chapters = info.get("chapters")
    for chapter in chapters if isinstance(chapters, list) else ():
        if not isinstance(chapter, Mapping):
            continue
        if (start_s := finite(chapter.get("start_time"))) is not None:
            yield start_s, _text(chapter.get("title"))[:_TITLE_CHARS]


def _audio_language(info: Mapping[str, object]) -> str:
    """Return the language of the audio; of several (dubbed) ones, the one that the site prefers."""
    formats = info.get("formats")
    audio = [
        (preference if isinstance(preference := entry.get("language_preference"), int) else -1, tag)
        for entry in (formats if isinstance(formats, list) else ())
        if isinstance(entry, Mapping)
        and entry.get("acodec") != "none"
        and (tag := _text(entry.get("language")))
    ]
    return max(audio)[1] if audio else ""


def _text(given: object) -> str:
    return given if isinstance(given, str) else ""
