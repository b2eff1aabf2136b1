"""Rules of dual speakers and of SDH: hyphens, speaker labels, sound descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from app.domain.dialogue_turns import is_turn, speaker_dash
from app.domain.written_cue import WrittenCue
from app.services.layout.laid_out_cue import dialogue_dashes
from app.services.quality.quality_rule import CheckedTrack, Fault, QualityRule
from app.services.sdh.sound_words import describes_sound
from app.services.sdh.speaker_labels import SpeakerLabels


def _hyphen_style(language: str) -> str:
    first, second = dialogue_dashes(language)
    if not first:
        return "second line only"
    return "both lines, with a space" if second.endswith(" ") else "both lines, without a space"


def _dual_speakers(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        if _has_other_hyphens(cue, track.base_language):
            yield Fault(cue.number, cue.text[:80])


def _has_other_hyphens(cue: WrittenCue, language: str) -> bool:
    if len(cue.lines) < 2 or not any(
        is_turn(line, before, cue.lines[0]) for before, line in pairwise(cue.lines)
    ):
        return False
    dashes = [speaker_dash(line) for line in cue.lines]
    if not any(dashes) or any(dash.startswith(">") for dash in dashes):
        return False
    first, second = dialogue_dashes(language)
    if bool(dashes[0]) != bool(first):
        return True
    spaced = {dash[-1:].isspace() for dash in dashes if dash}
    return len(spaced) > 1 if language == "und" else spaced != {second.endswith(" ")}


def _sdh_brackets(track: CheckedTrack) -> Iterator[Fault]:
    for cue in track.cues:
        for line in cue.lines:
            spoken = line[len(speaker_dash(line)) :].strip()
            inside, closed, rest = spoken[1:].partition(")")
            is_alone = spoken[:1] == "(" and bool(closed) and not rest.strip()
            if is_alone and (describes_sound(inside) or inside.isupper()):
                yield Fault(cue.number, spoken[:80])
                break


def _speaker_label(track: CheckedTrack) -> Iterator[Fault]:
    """Yield cues whose label is that of a machine, or in another notation than the file's first."""
    labels = SpeakerLabels(line for cue in track.cues for line in cue.lines)
    file_notation: str | None = None
    for cue in track.cues:
        for line in cue.lines:
            label = labels.find(line)
            if label is None:
                continue
            notation = "brackets" if line[label.start : label.start + 1] in "[(（［" else "colon"
            file_notation = file_notation or notation
            if notation != file_notation or label.name.casefold().startswith("speaker_"):
                yield Fault(cue.number, label.name)
                break


SPEAKER_RULES = (
    QualityRule(
        "dialogue_dashes", "two speakers of a cue have the dashes of the language",
        _dual_speakers, lambda track: _hyphen_style(track.base_language), severity="advice",
        applies=lambda track: track.profile.speaker_dashes,
    ),
    QualityRule(
        "sdh_brackets", "sounds are described in square brackets", _sdh_brackets,
        severity="advice", applies=lambda track: track.is_netflix,
    ),
    QualityRule(
        "speaker_label", "speakers have names, all in one notation", _speaker_label,
        severity="advice",
    ),
)  # fmt: skip
"""Rules of dual speakers and SDH. Source: Netflix Timed Text Style Guides, "Dual Speakers" and
"Subtitles for the Deaf and Hard of Hearing"."""
