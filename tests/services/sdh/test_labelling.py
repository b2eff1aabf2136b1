"""Speaker labels stand where another one speaks, and count as text."""

from __future__ import annotations

import pytest

from app.domain.captions import Caption, Captions
from app.domain.custom_profile import parse_profile
from app.domain.profile import PROFILES
from app.domain.style import InlineStyle, Runs, StyleRun
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.layout import lay_out
from app.services.layout.speaker_identification import speaker_label
from app.services.layout.width import text_width
from app.services.sdh.labelling import with_caption_labels, with_speaker_labels
from app.services.stages.cues import CueLayout


def said(text: str, speaker: str, start_ms: int) -> Segment:
    words = tuple(
        Word(word, Span(start_ms + 300 * n, start_ms + 300 * n + 250), speaker=speaker)
        for n, word in enumerate(text.split())
    )
    span = Span(start_ms, words[-1].span.end_ms)
    return Segment(text, span, words, "en", clear_until_ms=span.end_ms + 800)


TALK = [
    said("Where do you want to go?", "SPEAKER_00", 1000),
    said("And when?", "SPEAKER_00", 4000),
    said("Home, and now.", "SPEAKER_01", 6000),
    said("Then go.", "Anna", 9000),
]


def test_a_label_stands_where_another_one_speaks() -> None:
    layout = CueLayout(PROFILES["netflix"].for_readers(children=False, sdh=True))
    cues = [cue for segment in with_speaker_labels(TALK) for cue in layout.lay_out(segment)]
    assert [" ".join(cue.text.split()) for cue in cues] == [
        "[Speaker 1] Where do you want to go?",
        "And when?",
        "[Speaker 2] Home, and now.",
        "[Anna] Then go.",
    ]
    assert [cue.span.start_ms for cue in cues] == [1000, 4000, 6000, 9000]


def test_one_speaker_alone_needs_no_label() -> None:
    assert with_speaker_labels(TALK[:2]) == TALK[:2]
    assert speaker_label("SPEAKER_09") == "[Speaker\u00a010]"


def words_of_talk() -> list[Word]:
    return [word for segment in TALK for word in segment.words]


def test_the_layout_itself_puts_labels_there_and_counts_them() -> None:
    cues = lay_out(words_of_talk(), PROFILES["web"], "en", labels=True)
    assert [" ".join(" ".join(cue.lines).split()) for cue in cues] == [
        "[Speaker 1] Where do you want to go?",
        "And when?",
        "[Speaker 2] Home, and now.",
        "[Anna] Then go.",
    ]
    plain = lay_out(words_of_talk(), PROFILES["web"], "en")
    slow = parse_profile({"max_cps": 8})
    shown = {
        labels: lay_out(words_of_talk(), slow, "en", labels=labels)[-1].span.duration_ms
        for labels in (False, True)
    }
    assert shown[True] > shown[False]
    assert [cue.text for cue in plain][-1] == "Then go."


@pytest.mark.parametrize("profile", ["web", "shorts", "netflix"])
@pytest.mark.parametrize("name", ["安娜", "Anna", "Maria von der Heide"])
def test_no_label_is_parted_from_what_is_said(name: str, profile: str) -> None:
    said_by_two = said("one two three four five six seven eight nine ten", "SPEAKER_00", 0)
    other = said("eleven twelve thirteen fourteen fifteen sixteen", name, 4500)
    words = [*said_by_two.words, *other.words]
    for cue in lay_out(words, PROFILES[profile], "en", labels=True):
        assert not cue.lines[-1].endswith("]")
        for line in cue.lines:
            assert text_width(line) <= PROFILES[profile].max_line_chars
    text = " ".join(
        line for cue in lay_out(words, PROFILES[profile], labels=True) for line in cue.lines
    )
    assert speaker_label(name).replace("\u00a0", " ") in " ".join(text.split())


def captioned(text: str, speaker: str | None, at_s: int, runs: Runs = ()) -> Caption:
    return Caption(Span(1000 * at_s, 1000 * at_s + 900), text, speaker=speaker, runs=runs)


def test_captions_that_name_speakers_get_labels_once() -> None:
    italic = (StyleRun(0, 5, InlineStyle(italic=True)),)
    items = (
        captioned("Where to?", "Anna", 0, italic),
        captioned("And when?", "Anna", 1),
        captioned("- Home.", "SPEAKER_01", 2),
        captioned("[Anna] Then go.", "Anna", 3),
        captioned("BOB: No.", "Bob", 4),
        captioned("Music plays.", None, 5),
        captioned("[laughs] Yes.", "Carla Diaz", 6),
    )
    found = with_caption_labels(Captions("en", "manual", items)).items
    assert [each.text.replace("\u00a0", " ") for each in found] == [
        "[Anna] Where to?",
        "And when?",
        "- [Speaker 2] Home.",
        "[Anna] Then go.",
        "BOB: No.",
        "Music plays.",
        "[Carla Diaz] [laughs] Yes.",
    ]
    assert found[0].runs == (StyleRun(6, 11, InlineStyle(italic=True)),)
    alone = Captions("en", "manual", items[:2])
    assert with_caption_labels(alone) == alone


def test_a_request_says_labels_apart_from_the_reading_speed() -> None:
    assert parse_profile({"sdh": True}).labels
    assert not parse_profile({"sdh": True, "labels": False}).labels
    netflix = PROFILES["netflix"]
    named = netflix.for_readers(children=False, sdh=False, labels=True)
    assert (named.labels, named.in_language("en").max_cps) == (True, 20)
    assert not netflix.for_readers(children=False, sdh=True, labels=False).labels
