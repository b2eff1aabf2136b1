"""Bound on the pages that clients let this server look at."""

from __future__ import annotations

import asyncio
import weakref
from contextlib import AbstractAsyncContextManager

from app.system.fair_places import FairPlaces

_MOST_PAGES = 8
"""Pages that are looked at at a time; each takes a child process of some 120 MB."""

_MOST_OF_CALLER = 4
_WAITING_MOST, _CALLER_SHARE = 64, 16
_REFUSAL = "Too many pages are being looked at"
_pages: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, FairPlaces] = (
    weakref.WeakKeyDictionary()
)


def page_slot() -> AbstractAsyncContextManager[None]:
    """Return a block that holds the place of one page, which callers take in turn.

    Raises:
        OverloadedError: too many pages wait, or too many of this caller (on entering the block).
    """
    return _places().place()


def _places() -> FairPlaces:
    """Return the places of this event loop."""
    return _pages.setdefault(
        asyncio.get_running_loop(),
        FairPlaces(
            _MOST_PAGES,
            _WAITING_MOST,
            _CALLER_SHARE,
            caller_places=_MOST_OF_CALLER,
            refusal=_REFUSAL,
        ),
    )
