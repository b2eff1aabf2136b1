"""No italics in the files of a language that has none, where the profile says so."""

from __future__ import annotations

import pytest

from app.domain.cue import Cue
from app.domain.profile import PROFILES
from app.domain.style import InlineStyle, StyleRun, without_italics
from app.domain.time import Span
from app.services.quality.quality_report import check_quality, shown_cues
from app.services.quality.quality_rule import CheckedTrack
from app.services.render.file_writer import render

ITALIC, BOLD = InlineStyle(italic=True), InlineStyle(bold=True)
BOTH = InlineStyle(italic=True, bold=True)
TEXTS = {"zh": "今天我们去河边", "ko": "우리는 오늘 강에 간다", "en": "We go to it."}


def styled(language: str, **translated: object) -> Cue:
    runs = (StyleRun(0, 2, ITALIC), StyleRun(2, 4, BOTH))
    text = TEXTS[language]
    return Cue(0, Span(0, 4000), text, language=language, runs=runs, **translated)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["srt", "vtt", "ass", "ttml"])
@pytest.mark.parametrize("language", ["zh", "ko"])
def test_files_of_netflix_have_none_and_keep_other_styles(language: str, kind: str) -> None:
    cue = styled(language)
    marks = {"srt": ("<i>", "<b>"), "vtt": ("<i>", "<b>"), "ass": ("\\i1", "\\b1")}
    italic, bold = marks.get(kind, ('fontStyle="italic"', 'fontWeight="bold"'))
    file = render([cue], kind, PROFILES["netflix"], language)
    assert italic not in file
    assert bold in file
    assert italic in render([cue], kind, PROFILES["web"], language)


def test_the_report_of_a_job_finds_none() -> None:
    shown = shown_cues([styled("zh")], PROFILES["netflix"], "zh")
    report = check_quality(CheckedTrack(shown, PROFILES["netflix"], "zh"))
    (rule,) = [rule for rule in report.rules if rule.name == "italics"]
    assert (rule.checked, rule.faults) == (True, ())
    assert shown[0].runs == (StyleRun(2, 4, BOLD),)


def test_the_original_beside_a_translation_keeps_its_own() -> None:
    cue = styled("en", translation=TEXTS["zh"], translation_runs=(StyleRun(0, 2, ITALIC),))
    file = render([cue], "srt:bilingual", PROFILES["netflix"], "zh")
    assert "<i>We" in file
    assert f"<i>{TEXTS['zh'][:2]}" not in file


def test_what_is_italic_alone_becomes_plain() -> None:
    runs = (StyleRun(0, 2, ITALIC), StyleRun(2, 4, BOTH))
    assert without_italics(runs) == (StyleRun(2, 4, BOLD),)
