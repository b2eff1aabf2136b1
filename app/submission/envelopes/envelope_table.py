"""The table of envelopes: which handler an input belongs to, told by its keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.submission.envelopes.audio_envelope import audio_output
from app.submission.envelopes.batch_envelope import answer_batch
from app.submission.envelopes.envelope import Envelope
from app.submission.envelopes.library_envelope import answer_library
from app.submission.envelopes.operation_envelope import answer_operation
from app.submission.envelopes.path_envelope import call_route, is_idempotent
from app.submission.envelopes.subtitle_envelope import subtitle_parts

SUBTITLES = Envelope("subtitles", frozenset({"video_id", "url"}), parts=subtitle_parts)

ENVELOPES: tuple[Envelope, ...] = (
    Envelope("batch", frozenset({"queue", "jobs"}), answer=answer_batch),
    Envelope("audio", frozenset({"audio"}), answer=audio_output),
    Envelope("library", frozenset({"library"}), answer=answer_library),
    Envelope("media", frozenset({"operation"}), answer=answer_operation),
    Envelope("route", frozenset({"path"}), answer=call_route, repeats=is_idempotent),
    SUBTITLES,
)
"""The first row with a key of the input applies. Media operations have a ``path`` as well, so
they come ahead of the routes; an input with no row's key is one for subtitles."""


def envelope_of(fields: Mapping[str, Any]) -> Envelope:
    """Return the row of an input; a key whose value is null counts where no other key does."""
    given = {key for key, value in fields.items() if value is not None}
    for keys in (given, fields.keys()):
        for envelope in ENVELOPES:
            if envelope.keys & keys:
                return envelope
    return SUBTITLES
