"""Answers of operations on subtitle files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.services.render.formats import render_bounded
from app.services.retiming.sync import Sync
from app.submission.job_payloads import Payload, cue_payload


def sync_payload(sync: Sync) -> Payload:
    """Return how the times were mended."""
    return {
        "offset_ms": sync.offset_ms,
        "ratio": round(sync.ratio, 6),
        "confidence": sync.confidence,
        "method": sync.method,
        "matched": sync.matched,
        "pieces": [
            {"first": piece.first + 1, "last": piece.last + 1, "offset_ms": piece.offset_ms}
            for piece in sync.pieces
        ],
    }


async def subtitles_payload(
    cues: Sequence[Cue],
    language: str,
    profile: ReadingProfile,
    formats: Sequence[str],
    notices: Sequence[Notice] = (),
    *,
    shown: Sequence[Cue] | None = None,
) -> Payload:
    """Return subtitles as JSON with the files that are wanted.

    Args:
        cues: sorted.
        language: BCP 47 tag of the text in the files.
        profile: of the files.
        formats: names of the files.
        notices: what could not be done, or was done otherwise.
        shown: cues as the files have them; the same unless given.
    """
    payload: Payload = {"subtitles": list(_cue_payloads(cues)), "language": language}
    if formats:
        files = cues if shown is None else shown
        payload["formats"] = {
            name: await render_bounded(files, name, profile, language) for name in formats
        }
    if notices:
        payload["notices"] = [dataclasses.asdict(notice) for notice in dict.fromkeys(notices)]
    return payload


def _cue_payloads(cues: Sequence[Cue]) -> Iterator[Payload]:
    for cue in cues:
        payload = cue_payload(cue)
        # Nobody transcribed these: a confidence would say nothing.
        del payload["confidence"]
        yield payload
