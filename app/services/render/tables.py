"""Writers of tables: tab-separated (.tsv) and comma-separated values (.csv)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.services.render.display_cues import (
    NO_WORDS,
    DisplayCue,
    WordTimes,
    clean_label,
    clean_text,
    clean_turns,
    display_cues,
)
from app.services.render.file_options import PLAIN_FILE, FileOptions

TSV_HEAD = "start\tend\ttext\n"
CSV_HEAD = "start_ms,end_ms,speaker,text,translation\n"


def write_tsv(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues as rows of start and end in milliseconds, and text.

    Source: OpenAI's Whisper, ``whisper/utils.py`` (``WriteTSV``); text/tab-separated-values has
    neither quotes nor escapes, so tabs and line breaks within a text are spaces.
    """
    shown = display_cues(cues, profile, language, options, words)
    rows = (f"{cue.start_ms}\t{cue.end_ms}\t{_flat(cue)}\n" for cue in shown)
    return "".join([TSV_HEAD, *rows])


def _flat(cue: DisplayCue) -> str:
    return " ".join(clean_text(part.text) for part in cue.parts)


def write_csv(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    options: FileOptions = PLAIN_FILE,
    words: WordTimes = NO_WORDS,
) -> str:
    """Return cues as rows of start and end in milliseconds, speaker, text and translation.

    Texts stand as they are: a spreadsheet may take one that begins with ``=`` for a formula.

    Source: RFC 4180, section 2; lines end with a line feed alone.
    """
    del profile, language, options, words
    file = StringIO()
    table = csv.writer(file, lineterminator="\n")
    for cue in sorted(cues, key=lambda cue: cue.span):
        text, translation = clean_turns(cue.text), clean_turns(cue.translation or "")
        if text or translation:
            span, speaker = cue.span, clean_label(cue.speaker) or ""
            table.writerow((span.start_ms, span.end_ms, speaker, text, translation))
    return CSV_HEAD + file.getvalue()
