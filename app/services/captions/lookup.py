"""A video's captions for a client that shows or translates them itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.domain.captions import Captions, CaptionTrack
from app.domain.errors import InvalidCaptionsError, NoCaptionsError, SourceError
from app.domain.language import Language
from app.services.captions.language_distance import FAR, nearness, same_base
from app.services.captions.parse import parse_captions
from app.services.captions.select import CHAT, ENGLISH

log = structlog.get_logger()

_TRACKS_TRIED = 3
"""A track that cannot be read has a substitute or two; a site has its patience."""


class Page(Protocol):
    """A page that was looked at."""

    @property
    def tracks(self) -> Sequence[CaptionTrack]:
        """What it offers."""
        ...

    async def caption(self, track: CaptionTrack) -> tuple[str, bytes]:
        """Fetch a track: its format and the file.

        Raises:
            SourceError: the site does not give it.
        """
        ...


class Pages(Protocol):
    """Looks at pages."""

    def site(self, page_url: str) -> AbstractAsyncContextManager[Page]:
        """Look at a page for as long as the block lasts.

        Raises:
            SourceError: there is no video.
        """
        ...


@dataclass(frozen=True, slots=True)
class FoundCaptions:
    """The captions that were found.

    Attributes:
        captions: as they were read.
        track: which of the site's they are.
        asked: the language that was asked for.
    """

    captions: Captions
    track: CaptionTrack
    asked: Language

    @property
    def is_fallback(self) -> bool:
        """Whether they are in another language, or in another script of it."""
        return nearness(self.track.language, self.asked) == FAR


async def find_sidecar(pages: Pages, page_url: str, asked: Language) -> FoundCaptions:
    """Fetch the best captions of a video, in a language or else in English.

    Raises:
        NoCaptionsError: it has none in either.
        SourceError: the page or its captions cannot be had.
    """
    async with pages.site(page_url) as page:
        tracks = choose_sidecar(page.tracks, asked)
        if not tracks:
            raise _none(page.tracks, asked)
        failure: SourceError | None = None
        for track in tracks[:_TRACKS_TRIED]:
            try:
                return FoundCaptions(await _read(page, track), track, asked)
            except SourceError as error:
                failure = failure or error
        raise failure or SourceError("The site's captions cannot be read")


def choose_sidecar(tracks: Sequence[CaptionTrack], asked: Language) -> list[CaptionTrack]:
    """Return the tracks that serve a reader of a language, best first; perhaps none.

    Source: the extension's contract for ``/api/subtitles``: the language itself before its
    relatives, people before machines, at last English. A relative in another script ranks
    between the language and English.
    """
    chosen: list[CaptionTrack] = []
    offered = [track for track in tracks if track.name != CHAT]
    for wanted in (asked, ENGLISH):
        for kind in ("manual", "auto"):
            near = [t for t in offered if t.kind == kind and nearness(t.language, wanted) < FAR]
            chosen += sorted(near, key=lambda track: nearness(track.language, wanted))
        chosen += [track for track in offered if same_base(track.language, wanted)]
    return list(dict.fromkeys(chosen))


async def _read(page: Page, track: CaptionTrack) -> Captions:
    name, data = await page.caption(track)
    try:
        return await asyncio.to_thread(parse_captions, data, name, track.language, track.kind)
    except InvalidCaptionsError as error:
        log.warning("captions cannot be used", track=track.name, reason=error.message)
        raise SourceError("The site's captions cannot be read") from error


def _none(tracks: Sequence[CaptionTrack], asked: Language) -> NoCaptionsError:
    manual = [track.name for track in tracks if track.kind == "manual" and track.name != CHAT]
    auto = [track.name for track in tracks if track.kind == "auto"]
    if not manual and not auto:
        return NoCaptionsError("This video has no captions", (), ())
    return NoCaptionsError(
        f"This video has captions neither in {asked.english_name} nor in English", manual, auto
    )
