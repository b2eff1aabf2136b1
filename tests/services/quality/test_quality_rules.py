"""Each rule on cues that keep it and cues that break it; the score; the documented table."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cue import Cue
from app.domain.profile import PROFILES
from app.domain.style import InlineStyle, StyleRun
from app.domain.time import Span
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.domain.written_cue import WrittenCue
from app.services.captions.written_cues import read_written
from app.services.quality.quality_report import RULES, QualityReport, check_quality, shown_cues
from app.services.quality.quality_rule import CheckedTrack
from app.services.quality.reading_speed import too_fast
from tests.server import ROOT

NETFLIX = PROFILES["netflix"]
CUT = VideoTiming(25.0, (10_000,))


def cue(number: int, start_ms: int, end_ms: int, *lines: str) -> WrittenCue:
    return WrittenCue(number, start_ms, end_ms, lines)


def report(
    *cues: WrittenCue, language: str = "en", video: VideoTiming = NO_VIDEO, profile: str = "netflix"
) -> QualityReport:
    return check_quality(CheckedTrack(cues, PROFILES[profile], language, video))


def broken(found: QualityReport) -> set[str]:
    return {rule.name for rule in found.rules if rule.faults}


GOOD = cue(1, 0, 2000, "We measure the river.")


@pytest.mark.parametrize(
    ("rule", "cues"),
    [
        ("order", [cue(1, 5000, 7000, "First of them."), cue(2, 0, 2000, "Second of them.")]),
        ("positive_duration", [cue(1, 2000, 2000, "We measure it.")]),
        ("overlap", [GOOD, cue(2, 1900, 4000, "The water came up.")]),
        ("gap", [GOOD, cue(2, 2040, 4000, "The water came up.")]),
        ("chaining", [GOOD, cue(2, 2300, 4000, "The water came up.")]),
        ("min_duration", [cue(1, 0, 700, "Yes.")]),
        ("max_duration", [cue(1, 0, 7100, "We measure the river.")]),
        ("reading_speed", [cue(1, 0, 1000, "We measure the river every day.")]),
        ("lines", [cue(1, 0, 5000, "One line of text", "another line of it", "and a third one")]),
        ("line_length", [cue(1, 0, 5000, "We measure the height of the river every day.")]),
        ("fits_one_line", [cue(1, 0, 2000, "We measure", "it.")]),
        ("line_break", [cue(1, 0, 5000, "We went down the road to the", "bridge that was there.")]),
        ("empty_text", [cue(1, 0, 2000)]),
        ("markup", [cue(1, 0, 2000, "We <b>measure</b> it.")]),
        ("markup", [replace(GOOD, markup="<i>We measure the river.")]),
        ("markup", [cue(1, 0, 2000, "Tom &amp; Ann.")]),
        ("glyphs", [cue(1, 0, 2000, "We measure\ufffd it.")]),
        ("spaces", [cue(1, 0, 2000, "We  measure it.")]),
        ("spaces", [cue(1, 0, 2000, "We measure it .")]),
        ("ellipsis", [cue(1, 0, 2000, "We measure...")]),
        ("brackets", [cue(1, 0, 2000, "We (measure it.")]),
        ("brackets", [cue(1, 0, 2000, "We measure] it.")]),
        ("brackets", [cue(1, 0, 2000, 'He said: "Go.')]),
        ("brackets", [cue(1, 0, 2000, 'The "12" is wide.'), cue(2, 2084, 4000, 'He said: "Go.')]),
        ("spelled_numbers", [cue(1, 0, 3000, "[Speaker\u00a02] We have 4 boats.")]),
        ("spelled_numbers", [cue(1, 0, 2000, "We have 4 boats.")]),
        ("number_at_start", [cue(1, 0, 2000, "12 boats came.")]),
        ("music", [cue(1, 0, 2000, "♪ Oh what a day")]),
        ("repeated_text", [GOOD, replace(GOOD, number=2, start_ms=2083, end_ms=4000)]),
        ("dialogue_dashes", [cue(1, 0, 2000, "- Who is it?", "- Me.")]),
        ("sdh_brackets", [cue(1, 0, 2000, "(door opens)")]),
        ("speaker_label", [cue(1, 0, 2000, "SPEAKER_01: Who is it?")]),
    ],
)
def test_a_rule_finds_the_cue_that_breaks_it(rule: str, cues: list[WrittenCue]) -> None:
    found = report(*cues)
    faults = {each.name: each.faults for each in found.rules}[rule]
    assert [fault.cue for fault in faults] == [cues[-1].number]


@pytest.mark.parametrize(
    ("language", "cues"),
    [
        ("en", [GOOD, cue(2, 2084, 4000, "-Who is it?", "-Me.")]),
        ("fr", [cue(1, 0, 2000, "- Qui est là ?", "- Moi.")]),
        ("nl", [cue(1, 0, 2000, "Wie is daar?", "-Ik.")]),
        ("en", [cue(1, 0, 2000, "At 5 p.m. we go."), cue(2, 2084, 4000, "Room 4 and 12 boats.")]),
        ("en", [cue(1, 0, 2000, "He said (and he"), cue(2, 2084, 4000, "meant it) that we go.")]),
        ("en", [cue(1, 0, 2000, "♪ Oh what a day ♪"), cue(2, 2084, 4000, "a) the river")]),
        ("en", [replace(GOOD, markup="<i>We</i> <v Ann>measure the river.")]),
        ("ja", [cue(1, 0, 4000, "川を測ります。")]),
        ("he", [cue(1, 0, 3000, 'ד"ר כהן אמר: "שלום".')]),
        ("en", [cue(1, 0, 4000, "It is 3.5 kg in weight,", 'or 7 lb, and 12" wide, I think.')]),
        ("en", [cue(1, 0, 3000, 'He said: "Route 66" is far.')]),
        ("en", [cue(1, 0, 3000, "[Speaker\u00a02] We measure it.")]),
        ("en", [cue(1, 0, 3000, "SPEAKER 2: We measure it.")]),
    ],
)
def test_what_follows_the_rules_breaks_none(language: str, cues: list[WrittenCue]) -> None:
    found = report(*cues, language=language)
    assert broken(found) == set()
    assert found.score == 1.0


def test_limits_follow_language_readers_and_frame_rate() -> None:
    korean = report(cue(1, 0, 1400, "우리는 매일 아침 강의 높이를 측정합니다"), language="ko")
    assert {"line_length", "reading_speed"} <= broken(korean)
    italic = replace(GOOD, runs=(StyleRun(0, 2, InlineStyle(italic=True)),))
    assert "italics" in broken(report(italic, language="ar"))
    assert "italics" not in broken(report(italic, language="en"))
    close = [GOOD, cue(2, 2067, 4000, "The water came up.")]
    assert "gap" in broken(report(*close, video=VideoTiming(24.0)))
    assert "gap" not in broken(report(*close, video=VideoTiming(30.0)))
    assert "words_per_minute" in broken(
        report(cue(1, 0, 1500, "I am at it as I go."), profile="bbc")
    )


@pytest.mark.parametrize(
    ("span", "rule"),
    [
        ((10_200, 12_000), "shot_change_start"),
        ((8000, 10_000), "shot_change_end"),
        ((8000, 9700), "shot_change_end"),
        ((10_000, 12_000), None),
        ((8000, 9920), None),
        ((8000, 12_000), None),
    ],
)
def test_cues_change_with_the_shot(span: tuple[int, int], rule: str | None) -> None:
    assert broken(report(cue(1, *span, "We measure the river."), video=CUT)) == (
        {rule} if rule else set()
    )


def test_a_file_that_counts_frames_at_another_rate_is_told() -> None:
    found = check_quality(CheckedTrack([GOOD], NETFLIX, "en", VideoTiming(25.0), 24000 / 1001))
    (rule,) = [rule for rule in found.rules if rule.name == "frame_rate"]
    assert (rule.limit, [fault.cue for fault in rule.faults]) == (25.0, [0])


def test_the_score_is_the_share_of_cues_without_an_error() -> None:
    found = report(GOOD, cue(2, 2084, 2400, "Yes."), cue(3, 2600, 4600, "We go on..."))
    assert (found.cues, found.conforming, found.score) == (3, 2, 0.6666)


def test_files_of_every_shape_are_checked_as_they_are_written() -> None:
    srt = "1\n00:00:01,000 --> 00:00:03,000\n<i>One line\nand another.\n\n"
    written = read_written(srt + "2\n00:00:02,000 --> 00:00:04,000\n...\n", "en")
    found = check_quality(CheckedTrack(written.cues, NETFLIX, written.language))
    assert {"markup", "overlap", "ellipsis", "fits_one_line"} <= broken(found)
    assert [each.lines for each in written.cues] == [("One line", "and another."), ("...",)]


@given(
    st.lists(
        st.tuples(
            st.integers(-100, 20_000), st.integers(0, 9000), st.text(max_size=90), st.booleans()
        ),
        max_size=12,
    )
)
def test_any_cues_are_checked_and_faults_name_existing_ones(
    rows: list[tuple[int, int, str, bool]],
) -> None:
    cues = [
        WrittenCue(number, start, start + length, tuple(text.split("\n")), markup=text * raw)
        for number, (start, length, text, raw) in enumerate(rows, start=1)
    ]
    found = report(*cues, video=CUT)
    assert {f.cue for rule in found.rules for f in rule.faults} <= {0, *range(1, len(cues) + 1)}
    assert 0 <= found.conforming <= found.cues == len(cues)


def test_results_are_checked_by_the_lines_that_their_files_have() -> None:
    text = "We measure the height of the river every morning before the sun comes up."
    (shown,) = shown_cues([Cue(0, Span(0, 5000), text)], NETFLIX, "en")
    assert len(shown.lines) == 2
    assert " ".join(shown.lines) == text


def test_the_guide_names_every_rule() -> None:
    named = set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs/quality.md").read_text(), re.M))
    assert named == {rule.name for rule in RULES}


def test_cues_that_are_too_fast_are_told_with_the_first_places() -> None:
    fast = [cue(n, 2000 * n, 2000 * n + 1000, "We measure the river every day.") for n in range(12)]
    notice = too_fast(report(GOOD, *fast), [GOOD, *fast])
    assert notice is not None
    assert notice.code == "cues_too_fast"
    assert notice.message.startswith("12 of 13 cues")
    assert "more than 20 characters a second, at most 31: at 0.0, 2.0, 4.0," in notice.message
    assert notice.message.endswith("18.0 and later s")
    assert too_fast(report(GOOD), [GOOD]) is None


def test_a_translation_that_stands_on_its_own_is_checked_as_files_have_it() -> None:
    halves = [
        Cue(0, Span(0, 1500), "Wir messen", "We measure"),
        Cue(1, Span(1600, 4000), "den Fluss.", "the river."),
    ]
    (shown,) = shown_cues(halves, NETFLIX, "en")
    assert shown.lines == ("We measure the river.",)
    assert len(shown_cues(halves, PROFILES["web"], "en")) == 2
