"""Listing of a playlist without looking at its videos.

Imports yt-dlp, so only the child process imports this.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from yt_dlp import YoutubeDL
from yt_dlp.utils import DateRange, PlaylistEntries, unsmuggle_url

from app.services.sources.ytdlp.info_dict import finite
from app.services.sources.ytdlp.playlist_info import (
    MOST_ENTRIES,
    FoundPlaylist,
    ListedVideo,
    PlaylistWish,
)
from app.services.sources.ytdlp.ytdlp_errors import LongListError, NothingError, SelectionError

_LINKS = frozenset({"url", "url_transparent"})
_LISTS = frozenset({"playlist", "multi_video"})
"""Kinds of result. Source: the docstring of yt-dlp's ``InfoExtractor``."""

_MOST_LINKS = 5
"""Pages that lead to one another before the list comes: short addresses, a channel's first tab."""

_MOST_LEVELS = 3
"""Lists in lists: a channel has tabs, and a tab may have shelves."""

_TITLE_CHARS = 500
_DESCRIPTION_CHARS = 200
_URL_CHARS = 4096
_ID_CHARS = 200
_FROM_THE_END = re.compile(r"(?<!\d)-\d")
"""A place that is counted from the end; behind a digit the sign is that of a range."""
_APPROXIMATE = "YoutubeTab"
"""Extractor that tells days only as "3 weeks ago"; yt-dlp counts back from today."""

Info = Mapping[str, Any]


def list_playlist(video: YoutubeDL, page_url: str, wish: PlaylistWish) -> FoundPlaylist:
    """Return a playlist with the videos that are asked for.

    Raises:
        SelectionError: no days or no places can be read from the wish.
        LongListError: places are counted from the end of a list that is not read to its end.
        NothingError: the page has neither a list nor a video.
        YoutubeDLError: the page cannot be read.
    """
    dates = _dates(wish)
    _check_places(wish["items"])
    found = _resolved(video, page_url)
    source = _EntrySource(found)
    videos: list[ListedVideo] = []
    for index, entry in _chosen(video, source, wish):
        listed = _listed(index, entry, found, page_url)
        day = listed["upload_date"]
        if day is not None and date.fromisoformat(day) not in dates:
            continue
        videos.append(listed)
        if len(videos) == wish["max_items"]:
            break
    by_day = wish["dateafter"] is not None or wish["datebefore"] is not None
    dated = sum(each["upload_date"] is not None for each in videos)
    return {
        "title": _text(found.get("title"), _TITLE_CHARS),
        "url": _text(found.get("webpage_url"), _URL_CHARS),
        "channel": _either(found, "channel", "uploader"),
        "channel_id": _either(found, "channel_id", "uploader_id"),
        "channel_url": _either(found, "channel_url", "uploader_url"),
        "single": source.single,
        "total_count": source.total(),
        "videos": videos,
        "cut": source.cut,
        "undated": len(videos) - dated if by_day else 0,
        "approximate_dates": bool(dated) and found.get("extractor_key") == _APPROXIMATE,
    }


class _EntrySource:
    """Entries of a result in order, those of lists inside it in their list's place.

    Attributes:
        single: whether the result is one video.
        cut: whether entries beyond those that are looked at were met.
    """

    def __init__(self, found: Info) -> None:
        self.single = found.get("_type", "video") not in _LISTS
        self.cut = False
        self._entries: Iterable[Info | None] = [found] if self.single else found["entries"]
        self._told = None if self.single else found.get("playlist_count")
        self._read = 0
        self._ended = False
        self._nested = False

    def __iter__(self) -> Iterator[Info | None]:
        for entry in self._flat(self._entries, 0):
            if self._read == MOST_ENTRIES:
                self.cut = True
                return
            self._read += 1
            yield entry
        self._ended = True

    def total(self) -> int | None:
        """Return how many entries there are; None when that is unknown."""
        if self._ended:
            return self._read
        if isinstance(self._told, int) and not self._nested:  # else it counts the lists
            return self._told
        whole = isinstance(self._entries, list) and not self._nested
        return len(self._entries) if whole and isinstance(self._entries, list) else None

    def _flat(self, entries: Iterable[Info | None], level: int) -> Iterator[Info | None]:
        for entry in entries:
            if entry and entry.get("_type") in _LISTS and level < _MOST_LEVELS:
                self._nested = True
                yield from self._flat(entry.get("entries") or (), level + 1)
            else:
                yield entry


def _resolved(video: YoutubeDL, page_url: str) -> Info:
    """Follow a page's links to the list, or to the video, that it stands for."""
    url, extractor = page_url, None
    for _ in range(_MOST_LINKS):
        found = video.extract_info(url, ie_key=extractor, process=False)
        if not found:
            break
        if found.get("_type") not in _LINKS:
            return found  # type: ignore[no-any-return]
        url, extractor = found["url"], found.get("ie_key")
    raise NothingError


def _chosen(
    video: YoutubeDL, source: _EntrySource, wish: PlaylistWish
) -> Iterator[tuple[int, Info]]:
    """Return the entries at the places that are asked for, each once; unavailable ones are none."""
    items = wish["items"]
    # Lazily, since yt-dlp would else judge each entry by its own filters.
    video.params.update(playlist_items=items, lazy_playlist=True)
    entries = PlaylistEntries(video, {"entries": iter(source)})
    backwards = items is not None and _FROM_THE_END.search(items) is not None
    seen: set[int] = set()
    for index, entry in entries.get_requested_items():
        if backwards and source.cut:
            raise LongListError
        if entry and index not in seen:
            seen.add(index)
            yield index, entry


def _check_places(items: str | None) -> None:
    try:
        for _ in PlaylistEntries.parse_playlist_items(items or "1"):
            pass
    except (ValueError, TypeError):
        raise SelectionError from None


def _dates(wish: PlaylistWish) -> DateRange:
    try:
        return DateRange(wish["dateafter"], wish["datebefore"])
    except (ValueError, OverflowError):
        raise SelectionError from None


def _listed(index: int, entry: Info, found: Info, page_url: str) -> ListedVideo:
    views = entry.get("view_count")
    return {
        "index": index,
        "url": _address(entry) or _address(found) or page_url,
        "id": _text(entry.get("id"), _ID_CHARS),
        "title": _text(entry.get("title"), _TITLE_CHARS),
        "duration_s": finite(entry.get("duration")),
        "upload_date": _day(entry),
        "views": views if isinstance(views, int) else None,
        "description": _text(entry.get("description"), _DESCRIPTION_CHARS),
    }


def _address(entry: Info) -> str:
    """Return the page of an entry, without what yt-dlp's extractors tell one another in it."""
    for name in ("webpage_url", "url"):
        url = _text(entry.get(name), _URL_CHARS + 1)
        plain: str = unsmuggle_url(url)[0] if url else ""
        if plain.startswith(("http://", "https://")) and len(plain) <= _URL_CHARS:
            return plain
    return ""


def _day(entry: Info) -> str | None:
    with contextlib.suppress(ValueError):
        given = _text(entry.get("upload_date"), 9)
        return datetime.strptime(given, "%Y%m%d").replace(tzinfo=UTC).date().isoformat()
    try:
        return datetime.fromtimestamp(float(entry["timestamp"]), UTC).date().isoformat()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None


def _either(found: Info, *names: str) -> str:
    return next((text for name in names if (text := _text(found.get(name), _URL_CHARS))), "")


def _text(given: object, most: int) -> str:
    return given[:most] if isinstance(given, str) else ""
