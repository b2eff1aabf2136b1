"""Speaker labels stand where another one speaks, and count as text."""

from __future__ import annotations

from app.domain.profile import PROFILES
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.sdh.labelling import label_of, with_speaker_labels
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
    assert label_of("SPEAKER_09") == "[Speaker 10]"
