"""Style, places and speakers' lines on their way through a translation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from app.domain.cue import Cue
from app.domain.events import Notice
from app.domain.style import PLAIN, InlineStyle, Placement, ink_runs, pieces_of
from app.domain.time import Span
from app.services.translation.translator import SourceLine
from tests.services.stages.translating import ScriptedTranslator, Source, no_notice, translated

ITALIC, YELLOW, CYAN = (
    InlineStyle(italic=True),
    InlineStyle(colour="#ffff00"),
    InlineStyle(colour="#00ffff"),
)
Piece = tuple[str, InlineStyle]


def cue(number: int, *pieces: Piece | str, placement: Placement | None = None) -> Cue:
    styled = [(piece, PLAIN) if isinstance(piece, str) else piece for piece in pieces]
    span = Span(number * 2000, number * 2000 + 1900)
    text = "".join(text for text, _ in styled)
    return Cue(number, span, text, language="en", placement=placement, runs=ink_runs(styled))


def answering(answers: Mapping[str, str]) -> ScriptedTranslator:
    async def answer(lines: Sequence[SourceLine]) -> AsyncIterator[tuple[int, str]]:
        for line in lines:
            yield line.id, answers[line.text]

    return ScriptedTranslator(answer)


async def pieces(
    cues: Sequence[Cue],
    answers: Mapping[str, str],
    notice: Callable[[Notice], None] = no_notice,
    *,
    keeps_tags: bool = True,
) -> list[list[Piece]]:
    translator = answering(answers)
    translator.keeps_tags = keeps_tags
    made = [each async for each in translated(Source(cues), translator, notice=notice)]
    assert [each.placement for each in made] == [each.placement for each in cues]
    return [pieces_of(each.translation or "", each.translation_runs) for each in made]


async def test_case_20_the_look_of_a_whole_cue_is_that_of_its_translation() -> None:
    cues = [
        cue(0, ("The ferry leaves at nine.", ITALIC), placement=Placement(8)),
        cue(1, ("Bring your own lunch.", YELLOW)),
    ]
    answers = {
        "The ferry leaves at nine.": "El ferry sale a las nueve.",
        "Bring your own lunch.": "Traed vuestra comida.",
    }
    assert await pieces(cues, answers) == [
        [("El ferry sale a las nueve.", ITALIC)],
        [("Traed vuestra comida.", YELLOW)],
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            "El ferry <i>nunca</i> sale.",
            [("El ferry ", PLAIN), ("nunca", ITALIC), (" sale.", PLAIN)],
        ),
        ("<I>Nunca</I> sale el ferry.", [("Nunca", ITALIC), (" sale el ferry.", PLAIN)]),
        (
            "El ferry &lt;i&gt;nunca&lt;/i&gt; sale.",
            [("El ferry ", PLAIN), ("nunca", ITALIC), (" sale.", PLAIN)],
        ),
    ],
)
async def test_a_part_of_a_line_is_carried_by_tags(answer: str, expected: list[Piece]) -> None:
    cues = [cue(0, "The ferry ", ("never", ITALIC), " leaves.")]
    assert await pieces(cues, {"The ferry <i>never</i> leaves.": answer}) == [expected]


async def test_a_dash_or_a_full_stop_beside_the_tags_is_no_part_of_a_line() -> None:
    cues = [
        cue(0, "- ", ("Is it late", ITALIC), "?"),
        cue(1, "♪ ", ("la", ITALIC), " ♪"),
        cue(2, "… ", ("!", ITALIC)),
    ]
    answers = {"- Is it late?": "- ¿Llega tarde?", "♪ la ♪": "♪ la ♪", "… !": "… !"}
    assert await pieces(cues, answers) == [
        [("- ¿Llega tarde?", ITALIC)],
        [("♪ la ♪", ITALIC)],
        [("… ", PLAIN), ("!", ITALIC)],
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "El ferry nunca sale.",
        "El ferry <i>nunca sale.",
        "El ferry nunca</i> sale.",
        "El ferry <i></i>nunca sale.",
        "El <i>ferry</i> <i>nunca</i> sale.",
        "El ferry <i><i>nunca</i></i> sale.",
        "El ferry <b>nunca</b> sale.",
    ],
)
async def test_tags_that_are_not_as_sent_never_show_and_the_loss_is_told(answer: str) -> None:
    told: list[Notice] = []
    cues = [cue(3, "The ferry ", ("never", ITALIC), " leaves.")]
    found = await pieces(cues, {"The ferry <i>never</i> leaves.": answer}, told.append)
    assert found == [[("El ferry nunca sale.", PLAIN)]] or answer.count("<i>") == 2
    assert "<" not in found[0][0][0]
    assert [notice.code for notice in told] == ["style_not_translated"]
    assert "at 6.0 s" in told[0].message


async def test_a_translator_without_tags_keeps_the_style_of_words_that_stay() -> None:
    told: list[Notice] = []
    cues = [
        cue(0, "We saw the ", ("Aurora", ITALIC), "."),
        cue(1, "You ", ("must", ITALIC), " go."),
    ]
    answers = {"We saw the Aurora.": "Vimos el Aurora.", "You must go.": "Tienes que ir."}
    assert await pieces(cues, answers, told.append, keeps_tags=False) == [
        [("Vimos el ", PLAIN), ("Aurora", ITALIC), (".", PLAIN)],
        [("Tienes que ir.", PLAIN)],
    ]
    assert len(told) == 1
    assert "at 2.0 s" in told[0].message


async def test_a_text_that_stays_as_it_is_keeps_the_style_of_words_that_it_repeats() -> None:
    words: list[Piece] = [("no ", PLAIN), ("no", ITALIC), (" no", PLAIN)]
    text = "".join(part for part, _ in words)
    assert await pieces([cue(0, *words)], {text: text}, keeps_tags=False) == [words]


async def test_style_stays_with_its_cue_where_a_sentence_runs_over_two() -> None:
    cues = [
        replace(cue(0, ("The river was higher", ITALIC)), span=Span(0, 1900)),
        replace(cue(1, "that year than it ever had been."), span=Span(1950, 4000)),
    ]
    text = "The river was higher that year than it ever had been."
    answers = {text: "El río estaba más alto aquel año de lo que había estado jamás."}
    first, second = await pieces(cues, answers)
    assert {style for _, style in first} == {ITALIC}
    assert {style for _, style in second} == {PLAIN}


@pytest.mark.parametrize(
    "answer",
    [
        "- ¿Llega tarde el ferry?\n- Solo una hora.",
        "- ¿Llega tarde el ferry? - Solo una hora.",
        "¿Llega tarde el ferry?\nSolo una hora.",
        "- ¿Llega tarde el ferry?\nSolo una hora.",
    ],
)
async def test_case_21_a_line_for_each_speaker_and_its_dash(answer: str) -> None:
    lines: list[Piece] = [("- Is the ferry late?\n", YELLOW), ("- Only by an hour.", CYAN)]
    answers = {"- Is the ferry late?\n- Only by an hour.": answer}
    assert await pieces([cue(0, *lines)], answers) == [
        [
            ("- ¿Llega tarde el ferry?", YELLOW),
            ("\n", PLAIN),
            ("- Solo una hora.", CYAN),
        ]
    ]


async def test_a_translations_own_line_break_between_speakers_stays() -> None:
    answers = {"Is it late? Only by an hour.": "- ¿Llega tarde?\n- Solo una hora."}
    assert await pieces([cue(0, "Is it late? Only by an hour.")], answers) == [
        [("- ¿Llega tarde?\n- Solo una hora.", PLAIN)]
    ]


async def test_speakers_keep_their_lines_where_the_last_one_goes_on_in_the_next_cue() -> None:
    cues = [
        replace(cue(0, "- Is the ferry late?\n- Only by"), span=Span(0, 1900)),
        replace(cue(1, "an hour or so, they say."), span=Span(1950, 4000)),
    ]
    answers = {
        "- Is the ferry late?\n- Only by an hour or so, they say.": (
            "- ¿Llega tarde el ferry?\n- Solo una hora o así, según dicen."
        )
    }
    first, second = await pieces(cues, answers)
    assert first[0][0].startswith("- ¿Llega tarde el ferry?\n- Solo")
    assert "\n" not in second[0][0]


async def test_signs_and_speakers_of_other_colours_are_translated_apart() -> None:
    cues = [
        replace(cue(0, "THE SEVEN BRIDGES", placement=Placement(8)), span=Span(0, 1900)),
        replace(cue(1, "please stay"), span=Span(1950, 3000)),
        replace(cue(2, ("and who are you", YELLOW)), span=Span(3050, 4000)),
    ]
    answers = {
        "THE SEVEN BRIDGES": "LOS SIETE PUENTES",
        "please stay": "quédense",
        "and who are you": "y quién eres tú",
    }
    assert [each[0][0] for each in await pieces(cues, answers)] == list(answers.values())


async def test_a_line_that_holds_such_tags_itself_is_sent_as_it_is() -> None:
    cues = [cue(0, "Write <i> and </i> ", ("around", ITALIC), " it.")]
    answers = {"Write <i> and </i> around it.": "Escribe <i> y </i> alrededor."}
    told: list[Notice] = []
    found = await pieces(cues, answers, told.append)
    assert found == [[("Escribe <i> y </i> alrededor.", PLAIN)]]
    assert [notice.code for notice in told] == ["style_not_translated"]
