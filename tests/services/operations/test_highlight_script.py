"""Scripts of words that light up, and fonts by their letters."""

from __future__ import annotations

import re

import pytest

from app.domain.errors import InvalidCaptionsError, TooMuchWorkError
from app.services.operations.burn_fonts import font_of, with_fonts
from app.services.operations.caption_highlight import timed_words
from app.services.operations.highlight_script import highlight_script
from app.services.operations.highlight_style import HighlightStyle
from app.services.operations.script_styles import without_attachments

MIXED = ("النهر", "Cuestream", "البحر")


def events(*words: str, **style: object) -> list[str]:
    timed = timed_words([{"word": w, "start": n, "end": n + 1} for n, w in enumerate(words)])
    script = highlight_script(timed, HighlightStyle(**style), "en")
    return [line for line in script.split("\n") if line.startswith("Dialogue:")]


def shown(event: str) -> str:
    return re.sub(r"\{[^}]*\}", "", event.split(",", 9)[9])


def test_contract_c7_13_a_line_breaks_after_a_full_stop_and_each_word_has_an_event() -> None:
    base, *lit = events("One", "two.", "three")
    assert shown(base) == "One two.\\Nthree"
    assert base.startswith("Dialogue: 0,0:00:00.00,0:00:03.00,Base")
    assert [event.split(",")[:4] for event in lit] == [
        ["Dialogue: 2", f"0:00:0{n}.00", f"0:00:0{n + 1}.00", "Highlight"] for n in range(3)
    ]
    for word, event in zip(("One", "two.", "three"), lit, strict=True):
        assert re.findall(r"\{\\r\}([^{]*)", event) == [word]
        assert shown(event) == shown(base)


def test_lines_have_so_many_words_and_five_seconds() -> None:
    texts = [shown(event) for event in events(*"abcdefghij", words_per_line=3, max_lines=1)]
    assert [text for text in dict.fromkeys(texts)] == ["a b c", "d e f", "g h i", "j"]
    slow = timed_words([{"word": w, "start": 3 * n, "end": 3 * n + 1} for n, w in enumerate("abc")])
    script = highlight_script(slow, HighlightStyle(), "en")
    assert "a" in script
    assert [shown(line) for line in script.split("\n") if "Base,," in line] == ["a b\\Nc"]


def test_words_from_right_to_left_come_in_the_order_of_the_screen() -> None:
    assert shown(events("שלום", "עולם")[0]) == "עולם שלום"


@pytest.mark.parametrize(
    ("language", "spoken", "screen"),
    [
        ("ar", "قال John Smith اليوم", "اليوم John Smith قال"),
        ("ar", "عام 2024 كان", "كان 2024 عام"),
        ("ar", "John Smith", "John Smith"),
        ("und", "قال John اليوم مرحبا", "مرحبا اليوم John قال"),
        ("en", "says שלום עולם today", "says עולם שלום today"),
    ],
)
def test_words_of_two_directions_keep_their_own_order(
    language: str, spoken: str, screen: str
) -> None:
    texts = spoken.split()
    timed = timed_words([{"word": w, "start": n, "end": n + 1} for n, w in enumerate(texts)])
    script = highlight_script(timed, HighlightStyle(words_per_line=9), language)
    assert shown(next(line for line in script.split("\n") if "Base,," in line)) == screen


def test_a_word_of_another_script_has_its_font_at_its_size() -> None:
    timed = timed_words([{"word": w, "start": n, "end": n + 1} for n, w in enumerate(MIXED)])
    script = highlight_script(timed, HighlightStyle(), "ar")
    assert "Style: Base,Noto Sans Arabic,72" in script
    words = [line for line in script.split("\n") if line.startswith("Dialogue:")]
    assert len(words) == 1 + len(MIXED)
    for line in words:
        font = r"\{\\fnNoto Sans\\fscx100\\fscy100\}Cuestream"
        back = r"\{\\fnNoto Sans Arabic\\fscx155\\fscy155\}"
        assert re.search(f"{font}[^}}]+}}{back}", line), "the same in each event"


def test_scripts_without_spaces_get_none_and_fill_their_lines() -> None:
    quick = [
        {"word": c, "start": n / 10, "end": n / 10 + 0.1}
        for n, c in enumerate("川は海へ流れます。風が吹く")
    ]
    lines = highlight_script(timed_words(quick), HighlightStyle(max_lines=1), "ja").split("\n")
    texts = [shown(line) for line in lines if "Base,," in line]
    assert [*dict.fromkeys(texts)] == ["川は海へ流れます。", "風が吹く"]
    long = [{"word": c, "start": n / 10, "end": n / 10 + 0.1} for n, c in enumerate("海" * 30)]
    script = highlight_script(timed_words(long), HighlightStyle(), "ja")
    assert shown(next(line for line in script.split("\n") if "Base,," in line)) == (
        f"{'海' * 12}\\N{'海' * 12}"
    )
    assert shown(events("अच्छा", "है।", "नदी")[0]) == "अच्छा है।\\Nनदी"


def test_text_of_words_is_no_override() -> None:
    base = events("{\\p1}", "a\\N", "b\nDialogue: 0")[0]
    assert "{\\p1}" not in base
    assert "a\\N" not in base
    assert "\n" not in base


@pytest.mark.parametrize(
    "found",
    [
        *(None, {}, {"words": []}, {"words": [5]}),
        {"words": [{"word": "a", "start": "x", "end": 1}]},
        {"words": [{"word": "a", "start": -1, "end": 1}]},
    ],
)
def test_word_times_that_are_none(found: object) -> None:
    with pytest.raises(InvalidCaptionsError, match="words"):
        timed_words(found)


@pytest.mark.parametrize(
    ("text", "language", "family"),
    [
        ("Hello", "en", "Noto Sans"),
        ("Привет, OK", "ru", "Noto Sans"),
        ("مرحبا", "ar", "Noto Sans Arabic"),
        ("שלום", "he", "Noto Sans Hebrew"),
        ("नमस्ते", "hi", "Noto Sans Devanagari"),
        ("สวัสดี", "th", "Noto Sans Thai"),
        ("世界", "zh", "Noto Sans CJK SC"),
        ("世界", "zh-TW", "Noto Sans CJK TC"),
        ("世界", "ja", "Noto Sans CJK JP"),
        ("世界です", "und", "Noto Sans CJK JP"),
        ("안녕", "ko", "Noto Sans CJK KR"),
        ("123 …", "en", None),
    ],
)
def test_the_font_of_a_text(text: str, language: str, family: str | None) -> None:
    assert font_of(text, language) == family


def test_emoji_have_a_font_of_their_own_except_in_lines_from_right_to_left() -> None:
    drawn = with_fonts("ok 👍🏽 {\\i1}fine", "Noto Sans")
    assert drawn.startswith("ok {\\fnSymbola\\fscx100\\fscy100}👍{\\fnNoto Sans")
    assert drawn.endswith("{\\i1}fine")
    assert "Symbola" not in with_fonts("שלום 👍", "Noto Sans Hebrew", "he")


def test_words_that_are_all_shown_at_a_time_make_no_endless_script() -> None:
    words = timed_words([{"word": "x" * 200, "start": 0, "end": 0.01}] * 2_000)
    with pytest.raises(TooMuchWorkError):
        highlight_script(words, HighlightStyle(words_per_line=50, max_lines=10), "en")


@pytest.mark.parametrize("head", ["[Fonts]", "[fonts] x", "\ufeff[Fonts]", "\t [FONTS]X"])
def test_files_inside_a_script_are_left_out_however_their_section_is_written(head: str) -> None:
    script = f"[Script Info]\n{head}\nfontname: evil.ttf\n!!!!\n[Events]\nDialogue: x\n"
    kept = without_attachments(script)
    assert "evil" not in kept
    assert "[Events]\nDialogue: x" in kept
