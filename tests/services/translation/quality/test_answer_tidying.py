"""What is taken out of an answer, what is put back, and what is left as it is."""

from __future__ import annotations

import pytest

from app.domain.language import Language
from app.services.translation.quality.answer_tidying import tidied
from app.services.translation.quality.content_checks import content_defect
from app.services.translation.quality.figure_checks import has_other_figures
from tests.patterns.growth import grows_linearly

FERRY = "The ferry leaves at nine."
SALE = "El ferry sale a las nueve."


@pytest.mark.parametrize(
    "answer",
    [
        f'{{"translation": "{SALE}"}}',
        f'["{SALE}"]',
        f"<think>\nIt is about a ferry.\n</think>\n{SALE}",
        f"{SALE}<|im_end|>",
        f"{SALE} 😊",
        f'"{SALE}',
        f"Traducción\n\n{SALE}",
        f"**Traducción:** {SALE}",
        f"Traducción: «{SALE}»",
        f"“Traducción: {SALE}”",
        f"Español: {SALE}",
        f"Spanish translation: {SALE}",
        f"es: {SALE}",
        f"Línea 3: {SALE}",
        f"Traducción - {SALE}",
        f"{SALE}\n\nNota: es una frase coloquial.",
        f"{SALE} (literalmente: el ferry deja a las nueve)",
        f"{SALE} [Nota del traductor: ferry = transbordador]",
        f"{FERRY} = {SALE}",
        f"English: {FERRY}\nSpanish: {SALE}",
        SALE.replace("ferry", "\\u0066erry"),
        f"# {SALE}",
        f"• {SALE}",
        f"7 - {SALE}",
        f"<p>{SALE}</p>",
        f"&lt;i&gt;{SALE}&lt;/i&gt;",
        f"{SALE}&amp;nbsp;",
        f"- {SALE}",
        f"```\n{SALE}\n```",
    ],
)
def test_additions_are_removed(answer: str) -> None:
    tidy = tidied(FERRY, answer, Language("es"), "7")
    assert tidy.text == SALE
    assert tidy.changes


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('"Run!" he said.', '"¡Corre!" dijo.'),
        ('"Run!"', '"¡Corre!"'),
        ("'Run!'", "«¡Corre!»"),
        ("Translation: the ferry leaves.", "Traducción: el ferry sale."),
        ("Note: closed today.", "Nota: cerrado hoy."),
        ("He whispered (softly).", "Susurró (suavemente)."),
        ("[sighs] Come in.", "[suspira] Pasa."),
        ("1. Open the box.", "1. Abre la caja."),
        ("It is 7: just right.", "Son las 7: justo."),
        ("7 samurai", "7 samuráis"),
        ("At 9:30, please.", "A las 9:30, por favor."),
        ("<i>Go</i> now.", "<i>Ve</i> ahora."),
        ("*sighs* Fine.", "*suspira* Vale."),
        ("R&D; AT&T", "I+D; AT&T"),
        ("# la la #", "# la la #"),
        ("C:\\new", "C:\\nuevo"),
        ("Good 😊", "Bien 😊"),
        ("Hamlet", "《哈姆雷特》"),
        ("It's 5 below.", "Estamos a -5."),
        ("No.", "—No, gracias—, dijo."),
        ("Ask Mary: she knows.", "Pregunta a Mary: ella sabe."),
        ("He told me to wait.", "Me dijo: espera."),
    ],
)
def test_what_the_line_has_itself_stays(source: str, text: str) -> None:
    tidy = tidied(source, text, Language("es"), "7")
    assert (tidy.text, tidy.changes) == (text, ())
    assert content_defect(source, text) is None


@pytest.mark.parametrize(
    ("source", "answer", "text"),
    [
        ("He said: go.", "Traducción: Dijo: ve.", "Dijo: ve."),
        ("[sighs] Come.", "[suspira] Ven. (Nota: coloquial)", "[suspira] Ven."),
        ('Say "go" now.', '"Di "ve" ahora."', 'Di "ve" ahora.'),
        ("Note: shut.", "Traducción: Nota: cerrado.", "Nota: cerrado."),
        ("♪ We sail tonight ♪", "Navegamos esta noche", "♪ Navegamos esta noche ♪"),
        ("♪ We sail tonight", "Navegamos esta noche", "♪ Navegamos esta noche"),
        ("- Yes.", "Sí.", "- Sí."),
        ("—Yes.", "Sí.", "—Sí."),
        (">> Yes.", "Sí.", ">> Sí."),
        ("<i>Yes.</i>", "Sí.", "<i>Sí.</i>"),
    ],
)
def test_what_is_sure_is_mended_beside_signs_that_the_line_has(
    source: str, answer: str, text: str
) -> None:
    assert tidied(source, answer, Language("es")).text == text


@pytest.mark.parametrize(
    ("source", "text", "defect"),
    [
        ("- Late? - No.", "¿Tarde? No.", "lost the dash of a speaker"),
        ("It is <i>very</i> late.", "Es muy tarde.", "lost markup of its line"),
        ("Stop ♪ la la ♪ stop", "Para la la para", "lost a music note"),
        ("We counted 1,250 birds.", "Contamos 1.520 aves.", "had other figures than the line"),
        ("There are 3 of us.", "Somos 4.", "had other figures than the line"),
        ("I am tired.", "Estoy cansado/a.", "gave alternatives"),
        ("I am tired.", "Estoy cansado(a).", "gave alternatives"),
        ("Let's go.", "Vamos / Vámonos", "gave alternatives"),
        ("Let's go.", "Opción 1: Vamos. Opción 2: Vámonos.", "gave alternatives"),
        ("Let's go.", "Vamos (todos juntos).", "had a remark in brackets that the line lacks"),
        ("Let's go.", "null", "was a placeholder"),
        ("Let's go.", "...", "had no words"),
        ("Let's go.", "Vamos\ufffd", "had unreadable characters"),
    ],
)
def test_what_cannot_be_mended_is_asked_again(source: str, text: str, defect: str) -> None:
    tidy = tidied(source, text, Language("es"))
    found = content_defect(source, tidy.text)
    assert found is not None
    assert found.text == defect


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("1,250 birds", "1.250 aves"),
        ("1,250 birds", "1 250 oiseaux"),
        ("1,250 birds", "1250 ptaków"),
        ("1,250 birds", "١٬٢٥٠ طائرا"),
        ("1,250 birds", "१,२५० पक्षी"),
        ("1,250 birds", "mil doscientas cincuenta aves"),
        ("1.5 million people", "1.500.000 personas"),
        ("1.5 million people", "150万人"),
        ("1.2 billion", "12億"),
        ("at 5 p.m.", "a las 17:00"),
        ("at 5:30 p.m.", "um 17.30 Uhr"),
        ("03/04/2021", "4.3.2021"),
        ("It costs $3.50", "Cuesta 3,5 dólares"),
        ("6 feet tall", "de 183 cm"),
        ("50 miles away", "a 80 km"),
        ("back in the '80s", "en 1980"),
        ("in the 1990s", "in den 90ern"),
        ("Call 911!", "Llama al 112!"),
        ("three men", "3 hombres"),
        ("two of them, 3 of us", "2 de ellos, 3 de nosotros"),
        ("No. 5", "n.º 5"),
        ("24/7", "las 24 horas"),
        ("Apollo 13", "Apolo 13"),
        ("10,000 steps", "1万歩"),
    ],
)
def test_the_same_number_in_another_form_is_the_same(source: str, text: str) -> None:
    assert has_other_figures(source, text) is False


@pytest.mark.parametrize(
    ("source", "text", "certain"),
    [
        ("1,250 birds", "1.520 aves", True),
        ("in 1984", "en 1948", True),
        ("34 years", "43 años", True),
        ("3 men", "4 hombres", None),
        ("10 men", "100 hombres", None),
        ("2 of 3", "2 de 4", None),
    ],
)
def test_another_number_is_another(source: str, text: str, certain: bool | None) -> None:
    assert has_other_figures(source, text) is certain


_UNITS = 'a|1 |(|**|&amp;|\\N|00:00:01,000 |Nota: |- |<i>|♪|/|[|{"|"'


@pytest.mark.parametrize("unit", _UNITS.split("|"))
def test_an_answer_costs_its_length(unit: str) -> None:
    def work(text: str) -> object:
        tidy = tidied("The line.", text, Language("es"), "1")
        return content_defect("The line.", tidy.text)

    assert grows_linearly(work, lambda size: (unit * size)[:size], 500)
