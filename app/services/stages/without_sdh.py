"""Captions without what is written for the deaf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.domain.captions import Captions
from app.domain.errors import InvalidCaptionsError
from app.domain.events import Notice
from app.services.sdh.removal import RemovedSdh, StyledText, remove_sdh
from app.system.bounded_work import work_on


async def without_sdh(captions: Captions) -> tuple[Captions, tuple[Notice, ...]]:
    """Return captions without what is for the deaf, and the notice that says how much went.

    Raises:
        InvalidCaptionsError: nothing else is in them.
        TooMuchWorkError: it takes more memory or time than it may.
    """
    texts = [StyledText(caption.text, caption.runs) for caption in captions.items]
    chars = sum(len(text.text) for text in texts)
    found = await work_on(_removed, texts, chars=chars)
    removed = next(each for each in found if isinstance(each, RemovedSdh))
    left = [each for each in found if isinstance(each, StyledText)]
    kept = tuple(
        # The words of a text that has lost some are found by its length again.
        caption
        if text.text == caption.text
        else replace(caption, text=text.text, runs=text.runs, words=())
        for caption, text in zip(captions.items, left, strict=True)
        if text.text
    )
    if not kept:
        raise InvalidCaptionsError("The captions hold nothing but what is for the deaf")
    return replace(captions, items=kept), removed.notices()


def _removed(texts: Sequence[StyledText]) -> Iterator[StyledText | RemovedSdh]:
    counts = RemovedSdh()
    yield from remove_sdh(texts, counts)
    yield counts
