"""Lookup of a video's captions for a client that shows or translates them itself."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.domain.captions import Captions, CaptionTrack
from app.domain.errors import InvalidCaptionsError, NoCaptionsError, OverloadedError, SourceError
from app.domain.events import Notice
from app.domain.language import ENGLISH, Language
from app.domain.media import MediaInfo
from app.services.captions.page_notices import page_notices
from app.services.captions.parse import parse_bounded
from app.services.captions.select import (
    CHAT,
    OTHER_LANGUAGE,
    language_distance,
    same_base,
)
from app.system.fair_places import CALLER

log = structlog.get_logger()

_TRACKS_TRIED = 3
"""Tracks tried before the lookup fails, so that an unreadable one has substitutes and the site
still gets few requests."""

_CACHE_S = 600.0
"""A player repeats its lookup when its page is reopened or its tier changes; captions change
rarely."""

_NEGATIVE_CACHE_S = 60.0
"""Lifetime of a negative answer: sites add automatic captions some minutes after an upload."""

_MAX_CACHED = 64
_MAX_CACHED_BYTES = 64 * 2**20
"""Cached tracks; one of a film takes a megabyte, with the times of its words ten."""

_ITEM_BYTES = 300
"""Objects of one caption or word."""

_MAX_FETCHING, _MAX_FETCHING_OF_CALLER = 16, 8
"""Pages that are fetched at a time; each takes a child process of some 120 MB."""

_RETRY_AFTER_S = 10

LookupKey = tuple[str, str]
"""A page's address and a language tag."""


class CaptionPage(Protocol):
    """A video page whose metadata was fetched."""

    @property
    def tracks(self) -> Sequence[CaptionTrack]:
        """The tracks that it offers."""
        ...

    @property
    def info(self) -> MediaInfo:
        """What else it says of its video."""
        ...

    async def caption(self, track: CaptionTrack) -> tuple[str, bytes]:
        """Fetch a track: its format and the file.

        Raises:
            SourceError: the site does not deliver it.
        """
        ...


class CaptionSite(Protocol):
    """Fetches video pages."""

    def site(self, page_url: str) -> AbstractAsyncContextManager[CaptionPage]:
        """Fetch a page, which is usable within the ``async with`` block.

        Raises:
            SourceError: there is no video.
        """
        ...


@dataclass(frozen=True, slots=True)
class FoundCaptions:
    """The result of a lookup.

    Attributes:
        captions: the parsed track.
        track: the site's track that they come from.
        requested: the requested language.
        page_notices: of the page, beside those of the track.
    """

    captions: Captions
    track: CaptionTrack
    requested: Language
    page_notices: tuple[Notice, ...] = ()

    @property
    def is_fallback(self) -> bool:
        """Whether they are in another language, or in another script of it."""
        return language_distance(self.track.language, self.requested) == OTHER_LANGUAGE


@dataclass(frozen=True, slots=True)
class _CachedLookup:
    result: FoundCaptions | NoCaptionsError
    expires_s: float
    size_bytes: int


class CaptionLookupCache:
    """Looks captions up; concurrent and repeated lookups share one fetch.

    Args:
        site: fetches pages.
        clock: monotonic time in seconds.
    """

    def __init__(self, site: CaptionSite, clock: Callable[[], float] = time.monotonic) -> None:
        self._site = site
        self._clock = clock
        self._cached: OrderedDict[LookupKey, _CachedLookup] = OrderedDict()
        self._cached_bytes = 0
        self._fetching: dict[LookupKey, asyncio.Task[FoundCaptions]] = {}
        self._begun: Counter[str] = Counter()
        """Fetches under way, by the caller who asked first."""

    async def find(self, page_url: str, language: Language) -> FoundCaptions:
        """Return the best captions of a video, in a language or else in English.

        Raises:
            NoCaptionsError: it has none in either.
            SourceError: the page or its captions cannot be fetched; such failures are not cached.
            OverloadedError: too many pages are being fetched, or too many for this caller.
        """
        key = (page_url, language.tag)
        cached = self._cached.get(key)
        if cached is not None and self._clock() < cached.expires_s:
            if isinstance(cached.result, NoCaptionsError):
                error = cached.result
                raise NoCaptionsError(error.message, error.manual, error.auto)
            return cached.result
        task = self._fetching.get(key)
        if task is None:
            own = self._begun[caller] if (caller := CALLER.get()) else 0
            if len(self._fetching) >= _MAX_FETCHING or own >= _MAX_FETCHING_OF_CALLER:
                raise OverloadedError("Too many pages are being looked at", _RETRY_AFTER_S)
            task = asyncio.create_task(self._fetch(key, language), name="caption lookup")
            task.add_done_callback(_retrieve_exception)
            self._fetching[key] = task
            self._begun[caller] += 1
            task.add_done_callback(lambda _: self._ended(caller))
        # A caller that is cancelled does not cancel the fetch for the others.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Cancel the running fetches."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, caller: str) -> None:
        self._begun[caller] -= 1
        if not self._begun[caller]:
            del self._begun[caller]

    async def _fetch(self, key: LookupKey, language: Language) -> FoundCaptions:
        try:
            found = await find_captions(self._site, key[0], language)
        except NoCaptionsError as error:
            self._store(key, error, _NEGATIVE_CACHE_S)
            raise
        finally:
            del self._fetching[key]
        self._store(key, found, _CACHE_S)
        return found

    def _store(
        self, key: LookupKey, result: FoundCaptions | NoCaptionsError, lifetime_s: float
    ) -> None:
        if (earlier := self._cached.pop(key, None)) is not None:
            self._cached_bytes -= earlier.size_bytes
        size_bytes = _size_bytes(result)
        self._cached[key] = _CachedLookup(result, self._clock() + lifetime_s, size_bytes)
        self._cached_bytes += size_bytes
        while len(self._cached) > _MAX_CACHED or self._cached_bytes > _MAX_CACHED_BYTES:
            _, oldest = self._cached.popitem(last=False)
            self._cached_bytes -= oldest.size_bytes


async def find_captions(site: CaptionSite, page_url: str, language: Language) -> FoundCaptions:
    """Fetch the best captions of a video, in a language or else in English.

    Raises:
        NoCaptionsError: it has none in either.
        SourceError: the page or its captions cannot be fetched.
    """
    async with site.site(page_url) as page:
        tracks = rank_tracks(page.tracks, language)
        if not tracks:
            raise _no_captions(page.tracks, language)
        failure: SourceError | None = None
        for track in tracks[:_TRACKS_TRIED]:
            try:
                captions = await _fetch_track(page, track)
                return FoundCaptions(captions, track, language, page_notices(page.info))
            except SourceError as error:
                failure = failure or error
        raise failure or SourceError("The site's captions cannot be read")


def rank_tracks(tracks: Sequence[CaptionTrack], language: Language) -> list[CaptionTrack]:
    """Return the tracks that serve a reader of a language, best first; may be empty.

    Source: the extension's contract for ``/api/subtitles``: the language itself before its
    relatives, manual before automatic captions, English last. A relative in another script ranks
    between the language and English.
    """
    ranked: list[CaptionTrack] = []
    offered = [track for track in tracks if track.name != CHAT]
    for wanted in (language, ENGLISH):
        distances = {track: language_distance(track.language, wanted) for track in offered}
        for kind in ("manual", "auto"):
            near = [t for t in offered if t.kind == kind and distances[t] < OTHER_LANGUAGE]
            ranked += sorted(near, key=distances.__getitem__)
        ranked += [track for track in offered if same_base(track.language, wanted)]
    return list(dict.fromkeys(ranked))


async def _fetch_track(page: CaptionPage, track: CaptionTrack) -> Captions:
    name, data = await page.caption(track)
    try:
        return await parse_bounded(data, name, track.language, track.kind)
    except InvalidCaptionsError as error:
        log.warning("captions cannot be used", track=track.name, reason=error.message)
        raise SourceError("The site's captions cannot be read") from error


def _no_captions(tracks: Sequence[CaptionTrack], language: Language) -> NoCaptionsError:
    manual = [track.name for track in tracks if track.kind == "manual" and track.name != CHAT]
    auto = [track.name for track in tracks if track.kind == "auto"]
    if not manual and not auto:
        return NoCaptionsError("This video has no captions", (), ())
    return NoCaptionsError(
        f"This video has captions neither in {language.english_name} nor in English", manual, auto
    )


def _size_bytes(result: FoundCaptions | NoCaptionsError) -> int:
    """Return about how much memory a result takes."""
    if isinstance(result, NoCaptionsError):
        return sum(map(len, (*result.manual, *result.auto)))
    items = result.captions.items
    return sum(_ITEM_BYTES * (1 + len(each.words)) + 2 * len(each.text) for each in items)


def _retrieve_exception(task: asyncio.Task[FoundCaptions]) -> None:
    """Retrieve a fetch's exception, which asyncio would log where no caller awaits it any more."""
    if not task.cancelled():
        task.exception()
