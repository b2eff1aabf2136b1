"""Writer of JSON (.json)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.style_fields import style_fields
from app.services.render.display_cues import (
    NO_WORDS,
    WordTimes,
    clean_label,
    clean_text,
    clean_turns,
)
from app.services.render.file_options import PLAIN_FILE, FileOptions


def write_json(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return ``{"language": tag, "cues": [...]}``, one cue a line.

    Each cue has ``id`` (integer), ``start_ms`` and ``end_ms`` (integers), ``text`` (as spoken, a
    line for each speaker's turn), ``translation`` (the same in the target language, or null),
    ``speaker`` (label or null), ``language`` (BCP 47 tag of ``text``) and ``confidence`` (0..1);
    one that two speakers share has ``speakers``, a label for each line, and one that is styled has
    the fields of `style_fields` too. Sorted by start. ``words`` of ``text``
    are there where they are wanted and known, each with ``text``, ``start_ms`` and ``end_ms``.
    """
    del profile
    known = words if options.words else NO_WORDS
    rows = [
        json.dumps({**_row(cue), **_words(cue, known)}, ensure_ascii=False)
        for cue in sorted(cues, key=lambda cue: cue.span)
    ]
    body = ",\n".join(rows)
    return f'{{"language": {json.dumps(clean_text(language))}, "cues": [\n{body}\n]}}\n'


def _words(cue: Cue, words: WordTimes) -> dict[str, Any]:
    timed = words.get(cue.id)
    if not timed:
        return {}
    ink = "".join(cue.text.split())
    return {
        "words": [
            {
                "text": clean_text(ink[word.start : word.end]),
                "start_ms": word.start_ms,
                "end_ms": word.end_ms,
            }
            for word in timed
        ]
    }


def _turn_speakers(cue: Cue) -> dict[str, Any]:
    labels = [clean_label(speaker) for speaker in cue.turn_speakers]
    return {"speakers": labels} if labels else {}


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
        **_turn_speakers(cue),
        **style_fields(cue),
    }
