"""Writer of JSON (.json)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style_fields import style_fields
from app.services.render.display_cues import clean_label, clean_text, clean_turns


def write_json(cues: Sequence[Cue], profile: ReadingProfile, language: str) -> str:
    """Return ``{"language": tag, "cues": [...]}``, one cue a line.

    Each cue has ``id`` (integer), ``start_ms`` and ``end_ms`` (integers), ``text`` (as spoken, a
    line for each speaker's turn), ``translation`` (the same in the target language, or null),
    ``speaker`` (label or null), ``language`` (BCP 47 tag of ``text``) and ``confidence`` (0..1);
    one that is styled has the fields of `style_fields` too. Sorted by start.
    """
    del profile
    rows = [
        json.dumps(_row(cue), ensure_ascii=False) for cue in sorted(cues, key=lambda cue: cue.span)
    ]
    body = ",\n".join(rows)
    return f'{{"language": {json.dumps(clean_text(language))}, "cues": [\n{body}\n]}}\n'


def _row(cue: Cue) -> dict[str, Any]:
    return {
        "id": cue.id,
        "start_ms": cue.span.start_ms,
        "end_ms": cue.span.end_ms,
        "text": clean_turns(cue.text),
        "translation": None if cue.translation is None else clean_turns(cue.translation),
        "speaker": clean_label(cue.speaker),
        "language": clean_text(cue.language),
        "confidence": cue.confidence,
        **style_fields(cue),
    }
