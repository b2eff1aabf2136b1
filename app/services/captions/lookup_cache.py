"""Sidecars that were asked for a moment ago."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors import NoCaptionsError
from app.domain.language import Language
from app.services.captions.lookup import FoundCaptions, Pages, find_sidecar

_KEPT_S = 600.0
"""A player asks again when its page is opened again or its tier changes; captions change rarely."""

_NONE_KEPT_S = 60.0
"""That there are none may be news soon: a site's machine listens for a while after an upload."""

_MOST = 64
"""Tracks that are kept: each may take a few hundred kilobytes."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Kept:
    found: FoundCaptions | NoCaptionsError
    until_s: float


class CaptionLookupCache:
    """Fetches sidecars; one fetch serves everybody who asks within some minutes.

    Args:
        pages: looks at pages.
        clock: seconds that never go back.
    """

    def __init__(self, pages: Pages, clock: Callable[[], float] = time.monotonic) -> None:
        self._pages = pages
        self._clock = clock
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._fetching: dict[Key, asyncio.Task[FoundCaptions]] = {}

    async def find(self, page_url: str, asked: Language) -> FoundCaptions:
        """Return the best captions of a video, in a language or else in English.

        Raises:
            NoCaptionsError: it has none in either.
            SourceError: the page or its captions cannot be had; the next one tries again.
        """
        key = (page_url, asked.tag)
        kept = self._kept.get(key)
        if kept is not None and self._clock() < kept.until_s:
            if isinstance(kept.found, NoCaptionsError):
                raise NoCaptionsError(kept.found.message, kept.found.manual, kept.found.auto)
            return kept.found
        task = self._fetching.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(key, asked), name="sidecar")
            task.add_done_callback(_see)
            self._fetching[key] = task
        # Whoever leaves does not take the captions from the others who wait.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Stop what is being fetched."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, key: Key, asked: Language) -> FoundCaptions:
        try:
            found = await find_sidecar(self._pages, key[0], asked)
        except NoCaptionsError as error:
            self._keep(key, error, _NONE_KEPT_S)
            raise
        finally:
            del self._fetching[key]
        self._keep(key, found, _KEPT_S)
        return found

    def _keep(self, key: Key, found: FoundCaptions | NoCaptionsError, seconds: float) -> None:
        self._kept[key] = _Kept(found, self._clock() + seconds)
        self._kept.move_to_end(key)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)


def _see(task: asyncio.Task[FoundCaptions]) -> None:
    """Look at how a fetch ended, also when nobody waits for it any more."""
    if not task.cancelled():
        task.exception()
