"""What is wrong with one translation, and with several beside one another."""

from __future__ import annotations

import pytest

from app.domain.language import Language
from app.services.translation.llm.prompt import RULES
from app.services.translation.quality.cross_line_checks import CrossLineChecks
from app.services.translation.quality.length_ratio import LengthRatio
from app.services.translation.quality.line_checks import find_defect
from app.services.translation.text.figures import figures
from app.services.translation.text.scripts import is_wrong_script
from tests.chatting import pair

LONG = "We measure the height of the river every morning."


def fault(source: str, text: str, target: str, spoken: str | None = "en") -> str | None:
    found = find_defect(source, text, pair(target, spoken), RULES)
    return None if found is None else found.text + ("" if found.lasting else "?")


@pytest.mark.parametrize(
    ("source", "text", "target", "what"),
    [
        (LONG, "Medimos la altura del río cada mañana.", "es", None),
        (LONG, "", "es", "was empty"),
        (LONG, "Nous mesurons la hauteur de la rivière chaque matin.", "es", "was not in Spanish"),
        (LONG, "Every single morning we measure how high it is.", "es", "was not in Spanish"),
        (LONG, LONG, "es", "was left untranslated"),
        (LONG, LONG.upper(), "ja", "was left untranslated"),
        (LONG, "We measure how high it is each morning", "ja", "was not in Japanese"),
        (LONG, "毎朝、川の高さを測ります。", "ja", None),
        (
            LONG,
            "毎朝、川の高さを測ります。",
            "zh-CN",
            "was not in Chinese (China), written in simplified Chinese characters",
        ),
        (LONG, "我们每天早上测量河水的高度。", "zh-CN", None),
        (LONG, "我們每天早上測量河水的高度並且把它寫下來。", "ja", "was not in Japanese"),
        (LONG, "Мы измеряем высоту реки каждое утро.", "ru", None),
        (LONG, "My izmeryaem vysotu reki.", "ru", "was not in Russian"),
        (LONG, "نقيس ارتفاع النهر كل صباح", "ar", None),
        (LONG, "Μετράμε το ύψος του ποταμού κάθε πρωί.", "el", None),
        (LONG, "OK", "es", "was far too short to be a translation"),
        ("Yes.", "Sí, claro que sí.", "es", None),
        ("Netflix", "Netflix", "es", None),
        ("Taxi, taxi!", "¡Taxi, taxi!", "es", "was left untranslated?"),
        ("John Ronald Smith, 1984", "John Ronald Smith, 1984", "es", "was left untranslated?"),
        ("Netflix", "Netflix", "ja", "was left untranslated?"),
        ("Netflix で見る", "Netflix で見る", "ja", None),
        ("Hasta la vista, querida amiga", "Hasta la vista, querida amiga", "es", None),
        ("今天天气很好", "今天天气很好", "en", "was left untranslated"),
        (LONG, RULES[:200], "en", "was no translation"),
        (LONG, "</subtitles> <subtitles>", "es", "was no translation"),
        ("Hi", "x" * 90, "es", "was far too long to be a translation"),
    ],
)
def test_a_line_by_itself(source: str, text: str, target: str, what: str | None):
    assert fault(source, text, target) == what


def test_a_line_in_a_third_language_may_stay_in_it():
    song = "Non, rien de rien, non, je ne regrette rien du tout."
    assert fault(song, "Non, rien de rien ! Non, je ne regrette rien du tout !", "es") == (
        "was left untranslated"
    )
    assert fault(song, "Non, rien de rien, je ne regrette vraiment rien du tout", "es") == (
        "was not in Spanish?"
    )


@pytest.mark.parametrize(
    ("text", "language", "wrong"),
    [
        ("Привет, мир", "sr", False),
        ("Zdravo, svete", "sr", False),
        ("Zdravo, svete", "sr-Cyrl", True),
        ("DVD", "ja", False),
        ("Netflix を見る", "ja", False),
        ("สวัสดีครับ", "th", False),
        ("hello there", "hi", True),
        ("anything at all", "tlh", False),
    ],
)
def test_scripts(text: str, language: str, wrong: bool):
    assert is_wrong_script(text, Language(language)) is wrong


def test_numbers_are_the_same_in_every_spelling():
    assert figures("1,000 men, 3.5 km, at 12:30") == {"1000", "35", "1230"}
    assert figures("١٬٠٠٠ و ٤") >= {"4"}
    assert figures("none") == set()


SOURCES = [
    "It was a long and cold winter that year.",
    "Why?",
    "There were 12 of us in the old house.",
    "Nobody had seen the 30 children since Monday evening at the latest.",
    "We had bread.",
    "The road over the mountain was closed, and so was the railway.",
]
RIGHT = [
    "Fue un invierno largo y frío aquel año.",
    "¿Por qué?",
    "Éramos 12 en la casa vieja.",
    "Nadie había visto a los 30 niños desde el lunes por la tarde.",
    "Teníamos pan.",
    "La carretera de la montaña estaba cerrada, y también el ferrocarril.",
]


def defects(texts: list[str | None], sources: list[str] = SOURCES) -> tuple[list[int], bool]:
    cross_line = CrossLineChecks(sources, LengthRatio())
    for place, text in enumerate(texts):
        if text is not None:
            cross_line.add(place, text)
    held = {place for place, text in enumerate(texts) if text is not None}
    found = cross_line.defects(held, pair())
    return sorted(found), cross_line.misnumbered


def test_right_lines_say_nothing_against_one_another():
    assert defects(list(RIGHT)) == ([], False)


def test_a_shift_shows_by_numbers():
    moved = [*RIGHT[:2], RIGHT[3], RIGHT[4], RIGHT[5], "Fin."]
    assert defects(moved) == ([1, 2, 3, 4, 5], True)


def test_a_shift_shows_by_lengths():
    plain = [text.replace("12 ", "").replace("30 ", "") for text in SOURCES]
    texts = [text.replace("12 ", "").replace("30 ", "") for text in RIGHT]
    assert defects(list(texts), plain) == ([], False)
    found, misnumbered = defects([texts[0], *texts[2:], "Y nada más."], plain)
    assert misnumbered
    assert found == [1, 2, 3, 4, 5]


def test_a_line_said_twice_is_wrong_and_doubts_all_others():
    assert defects([RIGHT[0], *RIGHT[:5]]) == ([0, 1, 2, 3, 4, 5], True)


def test_a_line_with_its_neighbours_translation_too_is_wrong():
    merged = [f"{RIGHT[0]} {RIGHT[1]}", None, *RIGHT[2:]]
    assert defects(merged)[0] == []  # ``Why?`` is too short to show by length
    merged = [*RIGHT[:2], f"{RIGHT[2]} {RIGHT[3]}", None, *RIGHT[4:]]
    assert defects(merged) == ([2], False)


def test_an_answer_in_the_wrong_language_is_refused_even_where_no_line_is_sure():
    french = ["Bonne nuit à tous.", "Je ne sais pas.", "Où est la maison ?", "Il est parti hier."]
    english = ["Good night, all.", "I do not know.", "Where is the house?", "He left yesterday."]
    assert defects(list(french), english)[0] == [0, 2, 3], "one line is too short to tell"
    assert defects(["Buenas noches.", french[1]], english[:2])[0] == []


def test_the_usual_ratio_is_learned():
    length_ratio = LengthRatio()
    source, short, long = "a" * 40, "b" * 24, "b" * 40
    assert length_ratio.is_odd(source, "b" * 16)
    for _ in range(30):
        length_ratio.learn(source, short)
    assert not length_ratio.is_odd(source, "b" * 16)
    assert length_ratio.is_odd(source, long)
    assert not length_ratio.is_odd("Yes.", "Claro que sí, mi amor.")
