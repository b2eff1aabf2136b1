"""Answers of operations on subtitle files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.profile import ReadingProfile
from app.services.render.file_writer import render_file
from app.services.render.formats import bilingual_name
from app.services.retiming.sync import Sync
from app.submission.job_payloads import Payload, add_files, cue_payload


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
    second_language: str | None = None,
) -> Payload:
    """Return subtitles as JSON with the files that are wanted.

    Args:
        cues: sorted.
        language: BCP 47 tag of the text.
        profile: of the files.
        formats: names of the files.
        notices: what could not be done, or was done otherwise.
        second_language: BCP 47 tag of the translations, where the files have both languages.
    """
    payload: Payload = {"subtitles": list(_cue_payloads(cues)), "language": language}
    if notices:
        payload["notices"] = [dataclasses.asdict(notice) for notice in dict.fromkeys(notices)]
    if not formats:
        return payload
    files = {
        name: await render_file(
            cues,
            name if second_language is None else bilingual_name(name),
            profile,
            second_language or language,
        )
        for name in formats
    }
    return add_files(payload, files)


def _cue_payloads(cues: Sequence[Cue]) -> Iterator[Payload]:
    for cue in cues:
        payload = cue_payload(cue, names=True)
        # These are not transcribed: a confidence would mean nothing.
        del payload["confidence"]
        yield payload
