"""What of cues is spoken, whose it is, and which voices speak it."""

from __future__ import annotations

import pytest

from app.domain.cue import Cue, Lane
from app.domain.errors import InvalidFieldError
from app.domain.time import Span
from app.services.dubbing.spoken_lines import SpokenLine, speakable, spoken_lines
from app.services.dubbing.voice_choice import choose_voices, given_voices
from app.services.tts.speech_engine import Voice

VOICES = [Voice(name, name, "en", "neutral") for name in ("a", "b", "c")]


def cue(
    number: int,
    begin: int,
    end: int,
    text: str,
    speaker: str | None = "SPEAKER_00",
    lane: Lane = "dialogue",
) -> Cue:
    return Cue(number, Span(begin, end), text, speaker=speaker, language="en", lane=lane)


def texts(lines: list[SpokenLine]) -> list[str]:
    return [line.text for line in lines]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- Where to?", "Where to?"),
        ("MRS. REYES: Come in.", "Come in."),
        ("[door slams] Who is it?", "Who is it?"),
        ("It was -5 [degrees", "It was -5 [degrees"),
        (">> Thank you.", "Thank you."),
        ("[[[[", "[[[["),
        ("电话响了【铃声】", "电话响了"),
    ],
)
def test_what_is_said_of_a_text(text: str, said: str) -> None:
    assert speakable(text) == said


@pytest.mark.parametrize(
    ("shown", "reason"),
    [
        (cue(0, 0, 900, "[music]"), "not_speech"),
        (cue(0, 0, 900, "(laughs)"), "not_speech"),
        (cue(0, 0, 900, "..."), "not_speech"),
        (cue(0, 0, 900, "♪ la la ♪"), "song"),
        (cue(0, 0, 900, "la la", lane="song"), "song"),
        (cue(0, 0, 900, "EXIT", lane="sign"), "sign"),
        (cue(0, 0, 900, "word " * 400), "too_long"),
        (cue(0, 0, 900, "Hello."), ""),
    ],
)
def test_why_a_cue_is_not_spoken(shown: Cue, reason: str) -> None:
    (line,) = spoken_lines([shown], "en")
    assert line.unspoken == reason


def test_a_sentence_over_cues_is_one_line_where_nobody_pauses() -> None:
    lines = spoken_lines(
        [
            cue(1, 1000, 2000, "We went down"),
            cue(2, 2000, 3000, "to the river."),
            cue(3, 3000, 4000, "It was"),
            cue(4, 4900, 5500, "frozen."),
        ],
        "en",
    )
    assert texts(lines) == ["We went down to the river.", "It was", "frozen."]
    assert [line.cue_ids for line in lines] == [(1, 2), (3,), (4,)]
    assert (lines[0].start_ms, lines[0].end_ms) == (1000, 3000)


def test_another_speaker_is_another_line() -> None:
    shown = [cue(1, 0, 1000, "We went"), cue(2, 1000, 2000, "down there.", "SPEAKER_01")]
    assert texts(spoken_lines(shown, "en")) == ["We went", "down there."]


def test_two_who_speak_in_one_cue_have_a_line_each_in_its_time() -> None:
    first, second = spoken_lines([cue(7, 1000, 3000, "- Where to?\n- To the river.", None)], "en")
    assert (first.text, second.text) == ("Where to?", "To the river.")
    assert first.start_ms == 1000 < first.end_ms == second.start_ms < second.end_ms == 3000
    assert first.role != second.role
    assert first.cue_ids == second.cue_ids == (7,)


def test_voices_depend_on_the_labels_alone() -> None:
    roles = [("SPEAKER_01", False), ("SPEAKER_00", False), ("SPEAKER_00", True)]
    chosen = choose_voices(roles, VOICES, {})
    assert choose_voices(list(reversed(roles)), VOICES, {}) == chosen
    assert {voice.id for voice in chosen.voices.values()} == {"a", "b", "c"}
    assert not chosen.is_shared
    assert choose_voices([*roles, ("X", False)], VOICES, {}).is_shared


def test_a_given_voice_is_nobody_elses() -> None:
    given = given_voices({"SPEAKER_01": "a", "NOBODY": "c"}, VOICES)
    chosen = choose_voices([("SPEAKER_00", False), ("SPEAKER_01", False)], VOICES, given)
    assert {label: voice.id for (label, _), voice in chosen.voices.items()} == {
        "SPEAKER_00": "b",
        "SPEAKER_01": "a",
    }
    assert chosen.unused == ("NOBODY",)
    with pytest.raises(InvalidFieldError, match="no such voice: 'z'"):
        given_voices({"SPEAKER_01": "z"}, VOICES)
