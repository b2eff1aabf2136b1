"""Captions that name their speakers in the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.domain.captions import Caption, Captions
from app.services.sdh.labelling import with_caption_labels
from app.system.bounded_work import work_on


async def labelled(captions: Captions) -> Captions:
    """Return captions with labels where speakers change; see `with_caption_labels`.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    chars = sum(len(caption.text) for caption in captions.items)
    items = await work_on(_labelled, captions.items, captions.language, chars=chars)
    return replace(captions, items=tuple(items))


def _labelled(items: Sequence[Caption], language: str) -> Iterator[Caption]:
    yield from with_caption_labels(Captions(language, "manual", tuple(items))).items
