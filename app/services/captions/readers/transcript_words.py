"""Words of transcripts with their times, and the captions that they become."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.text import ends_sentence
from app.services.captions.markup import literal_markup
from app.services.captions.raw_captions import RawCaption, TextRun

_PAUSE_MS = 700
_CAPTION_CHARS = 84
"""Where a caption of bare words ends: at a pause, or when two lines of 42 characters are full."""

Row = Mapping[str, object]

_SPEAKER_KEYS = ("speaker", "speaker_id", "speaker_label")
_NUMBERED = re.compile(r"(?:spk|speaker)_([0-9]{1,3})")
"""Labels of Amazon Transcribe (``spk_0``) and of ElevenLabs (``speaker_0``), which count from 0."""


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word of a transcript.

    Attributes:
        text: with the punctuation that stands at it.
        speaker: label or name, or None.
    """

    text: str
    start_ms: int
    end_ms: int
    speaker: str | None


def rows_of(value: object) -> list[Row]:
    """Return the objects of a JSON list; none where it is no list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def speaker_of(row: Row) -> str | None:
    """Return the speaker of a word, a cue or a turn, by number, letter or name; None for none."""
    speaker = next((row[key] for key in _SPEAKER_KEYS if row.get(key) is not None), None)
    if isinstance(speaker, int) and not isinstance(speaker, bool):
        return f"SPEAKER_{speaker:02}" if 0 <= speaker < 1000 else None
    if isinstance(speaker, str) and len(speaker) == 1 and "A" <= speaker <= "Z":
        # AssemblyAI and OpenAI count speakers by letters; labels count them from 0.
        return f"SPEAKER_{ord(speaker) - ord('A'):02}"
    if isinstance(speaker, str) and (numbered := _NUMBERED.fullmatch(speaker)):
        return f"SPEAKER_{int(numbered[1]):02}"
    return speaker if isinstance(speaker, str) and speaker else None


def captions_of(words: Sequence[SpokenWord]) -> Iterator[RawCaption]:
    """Yield captions of words: one for each sentence, turn, or what two lines hold."""
    own: list[SpokenWord] = []
    chars = 0
    for word in words:
        if own and (chars + len(word.text) > _CAPTION_CHARS or _parts(own[-1], word)):
            yield _caption(own)
            own, chars = [], 0
        own.append(word)
        chars += len(word.text) + 1
    if own:
        yield _caption(own)


def _parts(before: SpokenWord, word: SpokenWord) -> bool:
    if before.speaker != word.speaker or word.start_ms - before.end_ms >= _PAUSE_MS:
        return True
    return ends_sentence(before.text, word.text)


def _caption(words: Sequence[SpokenWord]) -> RawCaption:
    # Times of its words are not told apart from a roll-up track's: the whole is one text.
    text = " ".join(word.text for word in words)
    end_ms = max(word.end_ms for word in words)
    return RawCaption(
        words[0].start_ms, end_ms, (TextRun(literal_markup(text)),), speaker=words[0].speaker
    )
