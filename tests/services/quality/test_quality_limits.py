"""Each rule on cues that break it alone, and on the nearest ones that keep it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from app.domain.profile import PROFILES
from app.domain.style import InlineStyle, StyleRun
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.domain.written_cue import WrittenCue
from app.services.quality.quality_report import RULES, check_quality
from app.services.quality.quality_rule import CheckedTrack
from tests.server import ROOT

CUT = VideoTiming(25.0, (10_000,))


def cue(start_ms: int, end_ms: int, *lines: str, number: int = 1) -> WrittenCue:
    return WrittenCue(number, start_ms, end_ms, lines)


@dataclass(frozen=True)
class Edge:
    """Cues that break one rule, and the nearest that break none."""

    rule: str
    broken: Sequence[WrittenCue]
    kept: Sequence[WrittenCue]
    profile: str = "netflix"
    language: str = "en"
    video: VideoTiming = NO_VIDEO
    rates: tuple[float | None, float | None] = field(default=(None, None))
    """Of the file that breaks the rule, and of the one that keeps it."""


def said(*lines: str) -> list[WrittenCue]:
    return [cue(0, 3000, *lines)]


def two(start_ms: int, *lines: str, end_ms: int = 6000) -> list[WrittenCue]:
    first = cue(0, 2000, "We measure the river.")
    return [first, cue(start_ms, end_ms, *(lines or ("The water came up.",)), number=2)]


ANNA = two(2083, "[ANNA]: Who is it?")[1:]
ITALIC = (StyleRun(0, 1, InlineStyle(italic=True)),)

EDGES = [
    Edge("order", two(2000 + 500)[::-1], two(2000 + 500)),
    Edge("positive_duration", [cue(1000, 1000, "Yes.")], [cue(1000, 1833, "Yes.")]),
    Edge("positive_duration", [cue(-1, 2000, "Yes.")], [cue(0, 2000, "Yes.")]),
    Edge("overlap", two(1999), two(2083)),
    Edge("gap", two(2081), two(2083)),
    Edge("gap", two(2060), two(2080), video=VideoTiming(25.0)),
    Edge("chaining", two(2499), two(2500)),
    Edge("min_duration", [cue(0, 831, "Yes.")], [cue(0, 833, "Yes.")]),
    Edge("max_duration", [cue(0, 7002, "Yes.")], [cue(0, 7000, "Yes.")]),
    Edge(
        "reading_speed",
        [cue(0, 1000, "We go home today now.")],
        [cue(0, 1000, "We go home today now")],
    ),
    Edge(
        "reading_speed",
        [cue(0, 1000, "Nous partons demain")],
        [cue(0, 1120, "Nous partons demain")],
        language="fr",
    ),
    Edge(
        "words_per_minute",
        [cue(0, 1650, "I am at it as I go.")],
        [cue(0, 2667, "I am at it as I go.")],
        profile="bbc",
    ),
    Edge(
        "shot_change_start", [cue(10_041, 12_000, "Yes.")], [cue(10_040, 12_000, "Yes.")], video=CUT
    ),
    Edge("shot_change_end", [cue(8000, 9961, "Yes.")], [cue(8000, 9960, "Yes.")], video=CUT),
    Edge(
        "frame_rate",
        [cue(0, 2000, "Yes.")],
        [cue(0, 2000, "Yes.")],
        video=VideoTiming(25.0),
        rates=(24.0, 25.0),
    ),
    Edge(
        "frame_rate",
        [cue(0, 2000, "Yes.")],
        [cue(0, 2000, "Yes.")],
        video=VideoTiming(24000 / 1001),
        rates=(24.0, 23.976),
    ),
    Edge(
        "lines",
        [
            cue(
                0,
                7000,
                "We measure the height of it,",
                "the colour of it on most days,",
                "and then we go.",
            )
        ],
        [cue(0, 7000, "We measure the height of it,", "the colour of it on most days,")],
    ),
    Edge("line_length", [cue(0, 7000, "x" * 43)], [cue(0, 7000, "x" * 42)]),
    Edge("line_length", [cue(0, 7000, "川" * 24)], [cue(0, 7000, "川" * 23)], language="ja"),
    Edge(
        "fits_one_line",
        said("We measure the river", "every day."),
        [cue(0, 7000, "We measure the river every single", "morning, and then we go.")],
    ),
    Edge(
        "line_break",
        [cue(0, 7000, "We went down the whole road to the", "bridge that was there.")],
        [cue(0, 7000, "We went down the whole road", "to the bridge that was there.")],
    ),
    Edge("empty_text", [cue(0, 2000)], [cue(0, 2000, ".")]),
    Edge("markup", said("We <b>measure</b> it."), said("We < b > measure it.")),
    Edge(
        "markup",
        [replace(said("We measure it.")[0], markup="<i>We measure it.")],
        [replace(said("We measure it.")[0], markup="<i>We measure it.</i>")],
    ),
    Edge("markup", said("Tom &amp; Ann."), said("Tom & Ann.")),
    Edge("markup", said("{\\an8}Yes."), said("(an8) Yes.")),
    Edge("glyphs", said("We measure\ue000 it."), said("We measure\u00a0it.")),
    Edge("glyphs", said("It\ufffds here."), said("It’s here.")),
    Edge("italics", [replace(said("نحن هنا.")[0], runs=ITALIC)], said("نحن هنا."), language="ar"),
    Edge("spaces", said("We  measure it."), said("We measure it.")),
    Edge("spaces", said("Who is it ?"), said("Who is it?")),
    Edge("spaces", said("Qui est là ,"), said("Qui est là ?"), language="fr"),
    Edge("ellipsis", said("We measure..."), said("We measure…")),
    Edge("ellipsis", said("We.. measure."), said("We. Measure.")),
    Edge("brackets", said("We (measure it."), said("We (measure) it.")),
    Edge("brackets", said('He said: "Go home.'), said('He said: "Go home."')),
    Edge(
        "brackets",
        two(2083, 'she said: "Go'),
        [*two(2083, 'she said: "Go'), cue(6083, 9000, 'home." And we went.', number=3)],
    ),
    Edge("spelled_numbers", said("We have 10 boats."), said("We have 11 boats.")),
    Edge("spelled_numbers", said("We have 4 boats."), said("We have 4 kg of it.")),
    Edge("number_at_start", said("12 boats came."), said("Then 12 boats came.")),
    Edge("music", said("♪ Oh what a day"), said("♪ Oh what a day ♪")),
    Edge("repeated_text", two(2999, "We measure the river."), two(3000, "We measure the river.")),
    Edge("dialogue_dashes", said("- Who is it?", "- Me."), said("-Who is it?", "-Me.")),
    Edge(
        "dialogue_dashes",
        said("-Qui est là ?", "-Moi."),
        said("- Qui est là ?", "- Moi."),
        language="fr",
    ),
    Edge(
        "dialogue_dashes",
        said("-Wie is daar?", "-Ik."),
        said("Wie is daar?", "-Ik."),
        language="nl",
    ),
    Edge("sdh_brackets", said("(door opens)"), said("[door opens]")),
    Edge("speaker_label", said("SPEAKER_01: Who is it?"), said("ANNA: Who is it?")),
    Edge(
        "speaker_label",
        [*ANNA, cue(6083, 9000, "BOB: Me.", number=3)],
        [*ANNA, cue(6083, 9000, "[BOB]: Me.", number=3)],
    ),
]


def names_broken(edge: Edge, cues: Sequence[WrittenCue], rate: float | None) -> set[str]:
    track = CheckedTrack(cues, PROFILES[edge.profile], edge.language, edge.video, rate)
    return {rule.name for rule in check_quality(track).rules if rule.faults}


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: edge.rule)
def test_a_limit_is_where_the_profile_says(edge: Edge) -> None:
    assert names_broken(edge, edge.broken, edge.rates[0]) == {edge.rule}
    assert names_broken(edge, edge.kept, edge.rates[1]) == set()


ROW = re.compile(r"^\| ([^|`]+) \| ((?:`[a-z_]+`(?:, )?)+) \| ([^|]+) \|$", re.MULTILINE)


def test_the_guide_has_seventeen_checks_with_the_numbers_of_the_profile() -> None:
    guide = (ROOT / "docs/quality.md").read_text().partition("## Beside SubtitleEdit")[2]
    rows = [
        (re.findall(r"[a-z_]+", rules), number)
        for _, rules, number in ROW.findall(guide.partition("\n## ")[0])
    ]
    assert len(rows) == 17
    by_name = {rule.name: rule for rule in RULES}
    assert {name for names, _ in rows for name in names} <= by_name.keys()
    track = CheckedTrack([], PROFILES["netflix"], "en", VideoTiming(0.0, (1,)))
    stated = {names[0]: float(found[0]) for names, text in rows if (found := NUMBER.findall(text))}
    limits = {name: by_name[name].limit(track) for name in stated if name != "gap"}
    assert limits == {name: number for name, number in stated.items() if name != "gap"}
    assert PROFILES["netflix"].min_gap_ms == 83


NUMBER = re.compile(r"^[0-9]+")


def test_every_rule_has_its_edge_here() -> None:
    assert {edge.rule for edge in EDGES} == {rule.name for rule in RULES}
