"""Removal of SDH from the texts of a file: sounds, music signs, speaker labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.dialogue_turns import ends_turn, speaker_dash
from app.domain.events import Notice
from app.domain.style import InlineStyle, Runs, ink_runs, pieces_of
from app.services.sdh.sound_words import describes_sound
from app.services.sdh.speaker_labels import SpeakerLabels

SDH_REMOVED = "sdh_removed"

_SQUARE = {"[": "]", "［": "］", "【": "】"}
_ROUND = {"(": ")", "（": "）"}
_PAIRS: Mapping[str, str] = {**_SQUARE, **_ROUND}
_MUSIC = frozenset("♪♫♬♩")
_HASH = "#"
_LONGEST_DESCRIPTION = 200
"""Characters between two brackets; more is no description."""

_CARRIED_CUES = 3
"""Cues that a description in brackets goes on for."""

_KINDS = {
    "sound": "descriptions in brackets",
    "music": "music signs",
    "label": "speaker labels",
    "cue": "cues that held nothing else",
}


@dataclass(frozen=True, slots=True)
class StyledText:
    """A text with the styles of its parts."""

    text: str
    runs: Runs = ()


@dataclass(slots=True)
class RemovedSdh:
    """Counts of what was removed, by kind: ``sound``, ``music``, ``label``, ``cue``."""

    counts: Counter[str] = field(default_factory=Counter)

    def notices(self) -> tuple[Notice, ...]:
        """Return the notice that says how much was removed; none where nothing was."""
        found = [f"{meaning}: {self.counts[kind]}" for kind, meaning in _KINDS.items()]
        parts = [text for text, kind in zip(found, _KINDS, strict=True) if self.counts[kind]]
        if not parts:
            return ()
        return (
            Notice(SDH_REMOVED, f"What is written for the deaf was removed: {'; '.join(parts)}"),
        )


def remove_sdh(texts: Sequence[StyledText], removed: RemovedSdh) -> list[StyledText]:
    """Return texts without what is written for the deaf.

    - ``[…]``, ``［…］`` and ``【…】`` go wherever they stand, also where they go on in later cues.
    - ``(…)`` and ``（…）`` go at the beginning of a turn and behind a sentence. Inside of one they
      go if they are in capitals or describe a sound in one of the languages of
      `sound_words`. Figures in round brackets and those that touch a word, as in ``f(x)``, stay.
    - Music signs go; the words that are sung stay. ``#`` counts as one at both ends of a line.
    - A speaker's label goes as `SpeakerLabels` says; brackets ahead of its colon belong to it.
    - A turn of which nothing is left goes with its dash. Where one turn of two is left, its dash
      goes too.

    Args:
        texts: of a file's cues in order, a line for each speaker's turn.
        removed: counts what goes.

    Returns:
        As many texts; empty ones where nothing is left. All other ink stays, with its styles.
    """
    labels = SpeakerLabels(turn for each in texts for turn in each.text.split("\n"))
    carried = _carried(texts)
    return [
        _without(each, labels, ranges, removed) for each, ranges in zip(texts, carried, strict=True)
    ]


_Range = tuple[int, int]


def _carried(texts: Sequence[StyledText]) -> list[list[_Range]]:
    """Return for each text the parts of descriptions that began or end in another one."""
    found: list[list[_Range]] = [[] for _ in texts]
    for index, each in enumerate(texts):
        opening = _open_square(each.text)
        if opening is None:
            continue
        closing = _SQUARE[each.text[opening]]
        for later in range(index + 1, min(index + 1 + _CARRIED_CUES, len(texts))):
            end = texts[later].text.find(closing)
            if any(mark in texts[later].text[: end if end >= 0 else None] for mark in _SQUARE):
                break
            if end >= 0:
                found[index].append((opening, len(each.text)))
                for between in range(index + 1, later):
                    found[between].append((0, len(texts[between].text)))
                found[later].append((0, end + 1))
                break
    return found


def _open_square(text: str) -> int | None:
    """Return the index of a square bracket that a text opens and does not close."""
    opening = max(text.rfind(mark) for mark in _SQUARE)
    if opening < 0 or len(text) - opening > _LONGEST_DESCRIPTION:
        return None
    return opening if _SQUARE[text[opening]] not in text[opening:] else None


def _without(
    each: StyledText, labels: SpeakerLabels, carried: Sequence[_Range], removed: RemovedSdh
) -> StyledText:
    text = each.text
    counts: Counter[str] = Counter()
    cut = [False] * len(text)
    for start, end in carried:
        cut[start:end] = [True] * (end - start)
        counts["sound"] += start > 0 or end == len(text)
    for begin, turn in _turns(text):
        for kind, start, end in _parts(turn, labels):
            cut[begin + start : begin + end] = [True] * (end - start)
            counts[kind] += 1
    if not any(cut):
        return each
    _tidy(text, cut)
    counts["cue"] += all(cut)
    removed.counts.update(counts)
    return _kept(each, cut)


def _turns(text: str) -> Iterator[tuple[int, str]]:
    begin = 0
    for turn in text.split("\n"):
        yield begin, turn
        begin += len(turn) + 1


def _parts(turn: str, labels: SpeakerLabels) -> Iterator[tuple[str, int, int]]:
    """Yield the parts of a turn that go: their kind, where they start and end."""
    label = labels.find(turn)
    place = 0
    if label is not None:
        yield "label", label.start, label.end
        place = label.end
    hashed = _is_hashed(turn)
    while place < len(turn):
        char = turn[place]
        end = _end_of_brackets(turn, place) if char in _PAIRS else None
        if end is not None:
            yield "sound", place, end
            place = end
            continue
        if char in _MUSIC or (hashed and char == _HASH):
            yield "music", place, place + 1
        place += 1


def _is_hashed(turn: str) -> bool:
    bare = turn.strip()
    return bare == _HASH or (bare.startswith("# ") and bare.endswith(" #"))


def _end_of_brackets(turn: str, start: int) -> int | None:
    """Return the index one past the brackets that open there, if they go; None if they stay."""
    opening, closing = turn[start], _PAIRS[turn[start]]
    depth = 0
    for place in range(start, min(len(turn), start + _LONGEST_DESCRIPTION)):
        depth += (turn[place] == opening) - (turn[place] == closing)
        if not depth:
            inside = turn[start + 1 : place]
            goes = opening in _SQUARE or _is_description(turn, start, place + 1, inside)
            return _past_colon(turn, start, place + 1) if goes else None
    return None


def _past_colon(turn: str, start: int, end: int) -> int:
    """Return the end with the colon behind a name in brackets that begins a turn: ``[ANNA]: ``."""
    is_name = (
        turn[start + 1 : end - 1].strip() and not turn[len(speaker_dash(turn)) : start].strip()
    )
    return end + 1 if is_name and turn[end : end + 1] in (":", "：") else end


def _is_description(turn: str, start: int, end: int, inside: str) -> bool:
    if not any(char.isalpha() for char in inside):
        return False
    before, after = turn[:start], turn[end : end + 1]
    if inside.isupper() or describes_sound(inside):
        return True
    if before[-1:].isalnum() or after.isalnum():
        # Scripts without spaces have nothing else around a bracket.
        return not before.strip() and not inside.isascii()
    bare = before[len(speaker_dash(before)) :].strip(" \u3000")
    return not bare or ends_turn(bare) or bare[-1] in _PAIRS.values()


def _tidy(text: str, cut: list[bool]) -> None:
    """Cut what the removed parts leave: spaces, turns without words, a dash for one turn."""
    turns = [(begin, begin + len(turn)) for begin, turn in _turns(text)]
    kept = [span for span in turns if _has_words(text, cut, *span)]
    for begin, end in turns:
        if (begin, end) not in kept:
            cut[begin:end] = [True] * (end - begin)
    if len(kept) == 1 and len(turns) > 1:
        begin, end = kept[0]
        dash = len(speaker_dash(text[begin:end]))
        cut[begin : begin + dash] = [True] * dash
    for begin, end in turns:
        _tidy_spaces(text, cut, begin, end)
    _tidy_breaks(text, cut)


def _has_words(text: str, cut: Sequence[bool], begin: int, end: int) -> bool:
    """Whether a turn has a letter, a digit or a sign left; marks around what went are none."""
    left = "".join(text[place] for place in range(begin, end) if not cut[place])
    bare = left[len(speaker_dash(left)) :]
    if not any(cut[begin:end]):
        return True
    return any(char.isalnum() or not (char.isspace() or char in _LEFTOVERS) for char in bare)


_LEFTOVERS = frozenset(".,:;-–—‐\"'“”‘’«»。、，：；")
"""Marks that say nothing where nothing else is left of a turn."""

_CLINGING = frozenset(".,!?:;…。、，！？：；)]}’”»")
"""Marks that no space stands before once what parted them from their word is gone."""


def _tidy_spaces(text: str, cut: list[bool], begin: int, end: int) -> None:
    """Cut spaces at the edges of a turn, doubled ones, and those before a mark."""
    if not any(cut[begin:end]):
        return
    before, gone = " ", True
    spaces: list[int] = []
    for place in range(begin, end):
        if cut[place]:
            gone = True
            continue
        if text[place].isspace():
            if before.isspace() and gone:
                cut[place] = True
            else:
                spaces.append(place)
                before = text[place]
            continue
        if gone and spaces and before.isspace() and text[place] in _CLINGING:
            cut[spaces[-1]] = True
        before, gone = text[place], False
        spaces.clear()
    for place in spaces:
        cut[place] = True


def _tidy_breaks(text: str, cut: list[bool]) -> None:
    """Cut line breaks beside turns that are gone."""
    ink = False
    last_break: int | None = None
    for place, char in enumerate(text):
        if char == "\n":
            if ink and last_break is None:
                last_break = place
                cut[place] = False
            else:
                cut[place] = True
        elif not cut[place]:
            ink, last_break = True, None
    if last_break is not None:
        cut[last_break] = True


def _kept(each: StyledText, cut: Sequence[bool]) -> StyledText:
    """Return what is left of a text, each part in its style."""
    pieces: list[tuple[str, InlineStyle]] = []
    place = 0
    for piece, style in pieces_of(each.text, each.runs):
        kept = "".join(char for at, char in enumerate(piece, place) if not cut[at])
        pieces.append((kept, style))
        place += len(piece)
    return StyledText("".join(text for text, _ in pieces), ink_runs(pieces))
