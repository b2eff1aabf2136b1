"""Captions instead of a recording."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from app.domain.captions import Captions, CaptionTrack
from app.domain.errors import CuestreamError, TranscriptionDisabledError
from app.domain.request import SentCaptions
from app.services.captions.parse import parse_captions
from app.services.captions.select import CaptionPreference, choose_track
from app.services.sources.opened import OpenedCaptions
from app.services.sources.ytdlp.site_session import SiteSession

log = structlog.get_logger()


Keep = Callable[[CaptionTrack, str, bytes], Awaitable[None]]
"""Keeps a track's file for later jobs; told the track, the format and the bytes."""


async def usable_captions(
    session: SiteSession, preference: CaptionPreference, keep: Keep
) -> OpenedCaptions | None:
    """Return the best captions of a site that can be fetched and read; perhaps none."""
    for choice in choose_track(session.tracks, preference):
        track = choice.track
        try:
            name, data = await session.caption(track)
            captions = await asyncio.to_thread(
                parse_captions, data, name, track.language, track.kind
            )
        except CuestreamError as error:
            log.warning("captions cannot be used", track=track.name, reason=error.message)
            continue
        await keep(track, name, data)
        return OpenedCaptions(captions, choice.origin, session.info, session.duration_ms)
    return None


async def sent_captions(sent: SentCaptions) -> OpenedCaptions:
    """Return the captions that the client sends.

    Raises:
        InvalidCaptionsError: they cannot be read, or there are none.
    """
    captions: Captions = await asyncio.to_thread(
        parse_captions,
        sent.text.encode("utf-8", "surrogatepass"),
        None,
        sent.language or "und",
        "auto" if sent.automatic else "manual",
    )
    return OpenedCaptions(captions, "client_captions")


def check_hears(preference: CaptionPreference | None) -> None:
    """Check that a recording may be heard.

    Raises:
        TranscriptionDisabledError: this server has captions alone, and there are none.
    """
    if preference is not None and not preference.hears:
        raise TranscriptionDisabledError(
            "This server does not transcribe, and there are no captions that serve"
        )
