"""Lines to be spoken, made of cues: whose they are, and what of them is speech."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.domain.cue import Cue
from app.domain.dialogue_turns import speaker_dash, turns, turns_like, without_label
from app.domain.language import known_language
from app.services.layout.tokens import join_texts
from app.services.layout.width import text_width
from app.services.translation.text.sentence_ends import goes_on, is_complete, stands_alone

_JOINED_GAP_MS = 200
"""Cues with a longer pause between them are spoken one by one, each at its time: it is heard."""
_JOINED_CUES = 4
_JOINED_MS = 15_000
"""No joined line is longer: the further a word stands from its begin, the less exact its time."""
_MOST_CHARS = 1500
"""Speech of more takes two minutes; no cue is shown for so long."""

NOT_SPEECH, SIGN, SONG, TOO_LONG = "not_speech", "sign", "song", "too_long"
NOT_TRANSLATED = "not_translated"
"""Why a line is not spoken."""

_MUSIC = "♪♫♬♩"
_BRACKETS = {"[": "]", "【": "】", "［": "］"}


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """A text that is spoken without a break, by one voice.

    Attributes:
        cue_ids: of its cues, one or more; a cue with a dialogue has several lines.
        start_ms: when it begins.
        end_ms: when its last cue ends, after the start.
        text: to be spoken.
        source: text that it translates; the same text where nothing was translated.
        language: BCP 47 tag of the source.
        speaker: label of who says it, or None.
        is_answer: whether it is the second of two who speak in one cue, and so somebody else's.
        unspoken: why it is not spoken; empty where it is.
    """

    cue_ids: tuple[int, ...]
    start_ms: int
    end_ms: int
    text: str
    source: str
    language: str
    speaker: str | None = None
    is_answer: bool = False
    unspoken: str = ""

    @property
    def role(self) -> tuple[str, bool]:
        """Whose voice it needs: of a speaker, or of whoever answers in his cues."""
        return self.speaker or "", self.is_answer


def spoken_lines(
    cues: Sequence[Cue], language: str, *, translated: bool = False
) -> list[SpokenLine]:
    """Return the lines of cues in order of their start; those that are not spoken say why.

    Cues over which a sentence goes on without a pause are one line, so that it is spoken as one.

    Args:
        cues: of a job or a file.
        language: BCP 47 tag of what is spoken.
        translated: whether it is that of the cues' translations. A cue in another language that has
            none is not spoken then: the voice would read it as if it were in its own.
    """
    joined: list[SpokenLine] = []
    in_order = sorted(cues, key=lambda cue: (cue.span.start_ms, cue.span.end_ms, cue.id))
    lines = (
        replace(line, unspoken=NOT_TRANSLATED)
        if translated and not line.unspoken and _is_foreign(cue, line.text, language)
        else line
        for cue in in_order
        for line in _lines_of(cue)
    )
    for line in lines:
        if joined and _belongs(joined[-1], line, language):
            joined[-1] = _join(joined[-1], line)
        else:
            joined.append(line)
    return sorted(joined, key=lambda line: line.start_ms)


def _is_foreign(cue: Cue, text: str, language: str) -> bool:
    """Whether a cue has no translation and is in another language; figures are in every one."""
    if cue.translation or not any(char.isalpha() for char in text):
        return False
    own, spoken = known_language(cue.language), known_language(language)
    return own is None or spoken is None or not own.same_language(spoken)


def _lines_of(cue: Cue) -> Iterator[SpokenLine]:
    """Yield a line for each turn of a cue, with the share of its time that its text has."""
    parts = turns(cue.shown) or [cue.shown]
    sources = turns_like(cue.text, len(parts))
    whole = sum(map(text_width, parts)) or 1
    start_ms, length_ms = cue.span.start_ms, max(1, cue.span.duration_ms)
    before = 0
    for number, part in enumerate(parts):
        begin_ms = start_ms + length_ms * before // whole
        before += text_width(part)
        text = speakable(part)
        yield SpokenLine(
            (cue.id,),
            begin_ms,
            max(begin_ms + 1, start_ms + length_ms * before // whole),
            text,
            sources[number] if len(sources) == len(parts) else cue.text,
            cue.language,
            cue.speaker,
            number % 2 == 1,
            _why_unspoken(cue, part, text),
        )


def _why_unspoken(cue: Cue, part: str, text: str) -> str:
    if cue.lane == "sign":
        return SIGN
    if cue.lane == "song" or part.strip()[:1] in _MUSIC or part.strip()[-1:] in _MUSIC:
        return SONG if part.strip() else NOT_SPEECH
    if stands_alone(text):
        return NOT_SPEECH
    return TOO_LONG if len(text) > _MOST_CHARS else ""


def speakable(text: str) -> str:
    """Return what of a turn is said: no speaker's dash or name, no sounds in brackets."""
    line = " ".join(_without_brackets(text).split())
    return without_label(line[len(speaker_dash(line)) :]).strip()


def _without_brackets(text: str) -> str:
    """Return a text without what stands in square brackets, in which captions put sounds."""
    last = {char: text.rfind(closing) for char, closing in _BRACKETS.items()}
    kept: list[str] = []
    closing = ""
    for at, char in enumerate(text):
        if closing:
            closing = "" if char == closing else closing
        elif last.get(char, -1) > at:
            closing = _BRACKETS[char]
        else:
            kept.append(char)
    return "".join(kept)


def _belongs(line: SpokenLine, after: SpokenLine, language: str) -> bool:
    """Whether a sentence goes on from one line to the next without a pause."""
    return (
        not line.unspoken
        and not after.unspoken
        and line.role == after.role
        and line.language == after.language
        and line.cue_ids[-1] != after.cue_ids[0]
        and 0 <= after.start_ms - line.end_ms <= _JOINED_GAP_MS
        and after.end_ms - line.start_ms <= _JOINED_MS
        and len(line.cue_ids) < _JOINED_CUES
        and len(line.text) + len(after.text) <= _MOST_CHARS
        and not is_complete(line.text, language)
        and goes_on(line.text, after.text, language)
    )


def _join(line: SpokenLine, after: SpokenLine) -> SpokenLine:
    return replace(
        line,
        cue_ids=line.cue_ids + after.cue_ids,
        end_ms=after.end_ms,
        text=join_texts([line.text, after.text]),
        source=join_texts([line.source, after.source]),
    )
