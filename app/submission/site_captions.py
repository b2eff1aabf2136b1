"""Captions of a video's page, and what captions there are, for clients that ask for them alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from app.container import Services
from app.domain.captions import Captions, CaptionTrack
from app.domain.errors import CuestreamError, NoCaptionsError, SourceError
from app.domain.events import Notice
from app.domain.language import Language
from app.services.batch.video_address import source_of
from app.services.captions.lookup import rank_tracks
from app.services.captions.page_notices import page_notices
from app.services.captions.parse import parse_bounded
from app.services.captions.select import CHAT
from app.services.net.fetch import check_url
from app.services.sources.ytdlp.site_session import SiteSession
from app.submission.page_slots import page_slot

log = structlog.get_logger()

_TRACKS_TRIED = 3


@dataclass(frozen=True, slots=True)
class PageCaptions:
    """Captions of a page.

    Attributes:
        format: of the site's file.
        title: of the video; empty when unknown.
        duration_ms: of the video; None when unknown.
        notices: of the track and of its page.
    """

    captions: Captions
    format: str
    title: str
    duration_ms: int | None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class PageTracks:
    """The captions that a page offers.

    Attributes:
        title: of the video; empty when unknown.
        duration_ms: of the video; None when unknown.
        notices: of the page.
    """

    tracks: tuple[CaptionTrack, ...]
    title: str
    duration_ms: int | None
    notices: tuple[Notice, ...] = ()


async def page_captions(
    services: Services, url: str, language: Language, *, automatic: bool
) -> PageCaptions:
    """Return the best captions of a page, in a language or else in English.

    Args:
        services: of the process.
        url: of the page.
        language: that is asked for.
        automatic: whether captions by a machine count.

    Raises:
        NoCaptionsError: there are none.
        SourceError: the page or its captions cannot be fetched.
        OverloadedError: too many pages are being looked at.
    """
    async with _page(services, url) as page:
        offered = [t for t in page.tracks if automatic or t.kind == "manual"]
        ranked = rank_tracks(offered, language)
        if not ranked:
            raise NoCaptionsError(
                f"This video has captions neither in {language.english_name} nor in English",
                [t.name for t in page.tracks if t.kind == "manual" and t.name != CHAT],
                [t.name for t in page.tracks if t.kind == "auto"],
            )
        return await _first_readable(page, ranked[:_TRACKS_TRIED])


async def page_tracks(services: Services, url: str) -> PageTracks:
    """Return the captions that a page offers.

    Raises:
        SourceError: the page cannot be fetched.
        OverloadedError: too many pages are being looked at.
    """
    async with _page(services, url) as page:
        tracks = tuple(track for track in page.tracks if track.name != CHAT)
        return PageTracks(tracks, page.info.title, page.duration_ms, page_notices(page.info))


@asynccontextmanager
async def _page(services: Services, url: str) -> AsyncIterator[SiteSession]:
    """Look at a page within the block."""
    check_url(url)
    address = source_of(url).identity.partition(":")[2]
    async with page_slot(), services.opener.site(address) as page:
        yield page


async def _first_readable(page: SiteSession, tracks: Sequence[CaptionTrack]) -> PageCaptions:
    failure: SourceError | None = None
    for track in tracks:
        try:
            name, data = await page.caption(track)
            captions = await parse_bounded(data, name, track.language, track.kind)
            notices = (*captions.notices, *page_notices(page.info))
            return PageCaptions(captions, name, page.info.title, page.duration_ms, notices)
        except CuestreamError as error:
            log.warning("captions cannot be used", track=track.name, reason=error.message)
            failure = failure or (error if isinstance(error, SourceError) else None)
    raise failure or SourceError("The site's captions cannot be read")
