"""A translation divided over the cues of its unit."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.cue import Cue
from app.domain.language import Language
from app.domain.profile import DEFAULT_PROFILE, PROFILES, ReadingProfile
from app.domain.time import Span
from app.services.layout.width import text_width
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.translation_tokenizer import TranslationTokenizer


def spoken(*texts: str, durations_ms: Sequence[int] | None = None) -> list[Cue]:
    """Return cues whose time is in proportion to their text unless said otherwise."""
    cues: list[Cue] = []
    at_ms = 0
    for number, text in enumerate(texts):
        end_ms = at_ms + (durations_ms[number] if durations_ms else 60 * text_width(text))
        cues.append(Cue(number, Span(at_ms, end_ms), text))
        at_ms = end_ms + 83
    return cues


def divided(
    tag: str,
    text: str,
    cues: Sequence[Cue],
    terms: tuple[str, ...] = (),
    profile: ReadingProfile = DEFAULT_PROFILE,
) -> list[str]:
    return TranslationDistributor(TranslationTokenizer(Language.parse(tag), terms), profile).divide(
        text, cues
    )


SUMMER = spoken(
    "When I was a child, my parents", "used to take me to the seaside", "every single summer."
)


@pytest.mark.parametrize(
    ("tag", "pieces"),
    [
        ("es", ["Cuando era niño, mis padres", "solían llevarme a la playa", "todos los veranos."]),
        (
            "de",
            [
                "Als ich ein Kind war,",
                "haben meine Eltern mich jeden Sommer",
                "ans Meer mitgenommen.",
            ],
        ),
        (
            "ja",
            ["子供の頃、両親は毎年夏になると", "私を海辺に連れて行ってくれた", "ものです。"],
        ),
        ("zh", ["我小时候，", "父母每年夏天都会带", "我去海边。"]),
        ("zh-TW", ["我小時候，", "父母每年夏天都會帶", "我去海邊。"]),
        ("th", ["ตอนที่ฉันยังเป็นเด็ก ", "พ่อแม่มักจะพาฉันไปเที่ยว", "ทะเลทุกฤดูร้อน"]),
        ("ar", ["عندما كنت طفلاً، ", "كان والداي يأخذانني إلى شاطئ ", "البحر في كل صيف."]),
    ],
)
def test_a_sentence_is_cut_at_phrases_near_its_shares(tag: str, pieces: list[str]):
    glue = " " if tag in {"es", "de"} else ""
    assert divided(tag, glue.join(pieces), SUMMER) == [piece.strip() for piece in pieces]


def test_the_cut_follows_the_shares_of_text_and_time():
    text = "uno dos tres cuatro cinco seis siete ocho nueve diez"
    short_first = divided("es", text, spoken("a few", "and then very many more of them"))
    short_last = divided("es", text, spoken("very many of them, and then", "a few"))
    assert len(short_first[0]) < len(text) / 3 < 2 * len(text) / 3 < len(short_last[0])
    same_text = [*spoken("the same", "the same", durations_ms=[1000, 5000])]
    assert len(divided("es", text, same_text)[0]) < len(text) / 2 - 4


def test_a_sentence_end_wins_over_an_even_cut():
    text = "No lo sé. Quizás mañana vuelva otra vez."
    assert divided("es", text, spoken("I do not know.", "Perhaps he comes back")) == [
        "No lo sé.",
        "Quizás mañana vuelva otra vez.",
    ]


def test_fewer_words_than_cues_are_shown_whole_on_each():
    assert divided("es", "Sí.", SUMMER) == ["Sí."] * 3
    assert divided("es", "Sí, claro.", SUMMER) == ["Sí, claro."] * 3
    assert divided("ja", "はい。", SUMMER) == ["はい。"] * 3


def test_a_single_cue_gets_the_text_as_it_is():
    assert divided("es", "uno  dos", SUMMER[:1]) == ["uno  dos"]


def test_a_blank_translation_stays_blank():
    assert divided("es", "", SUMMER) == [""] * 3


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Est-ce que ça vaut 1 000 000 € pour toi ?", "1 000 000"),
        ("Est-ce que ça vaut 1 000 000 € pour toi ?", "toi ?"),
        ("株価は今日の午後3,500.25ドルまで上がりました。", "3,500.25"),
        ("Es sind genau 12,5 % von allem, sagt er.", "12,5 %"),
        ('Dijo <font color="#fff">hola</font> y se fue', '<font color="#fff">hola</font>'),
        ("Vive en {\\an8}Nueva York desde hace mucho", "{\\an8}Nueva York"),
        ("Trabaja en La Casa Azul desde hace mucho", "La Casa Azul"),
        ("彼は東京証券取引所で長く働いています。", "東京証券取引所"),
    ],
)
def test_nothing_goes_through_figures_markup_and_terms(text: str, whole: str):
    terms = ("Nueva York", "la casa azul", "東京証券取引所")
    tag = "ja" if "。" in text else "es"
    for count in range(2, 5):
        for first_ms in (500, 2000, 9000):
            cues = spoken(*["same"] * count, durations_ms=[first_ms, *[2000] * (count - 1)])
            pieces = divided(tag, text, cues, terms)
            assert sum(whole in piece for piece in pieces) >= 1, pieces


def test_a_text_without_spaces_and_known_phrases_is_cut_between_characters():
    lao = "ສະບາຍດີຂ້ອຍຢາກໄປກິນເຂົ້າ"
    pieces = divided("lo", lao, spoken("I want to", "go and eat"))
    assert len(set(pieces)) == 2
    assert "".join(pieces) == lao


def test_one_phrase_that_no_cue_could_show_is_cut_between_characters():
    long = "ア" * 60
    pieces = divided("ja", long, spoken("x" * 40, "x" * 40))
    assert "".join(pieces) == long
    assert max(map(text_width, pieces)) <= DEFAULT_PROFILE.max_chars


def test_no_piece_is_wider_than_a_cue_where_that_can_be():
    text = "palabra " * 16 + "fin, " + "palabra " * 2 + "fin."
    profile = PROFILES["netflix"]
    cues = spoken("x" * 80, "x" * 10)
    assert max(map(text_width, divided("es", text, cues, profile=profile))) <= profile.max_chars


def squeezed(text: str) -> str:
    return "".join(text.split())


words = {
    "es": "hola, qué tal. ¿Y tú? 3,5 % de 1 000 000 niños y Nueva York ¡sí! - no… «ya» a",
    "de": "Als ich 1914-18 in Köln war, z.B. der Straßenbahnhaltestellenschild Dr. Müller!",
    "ja": "私は 東京証券取引所で 3.5%の 「株」を、買いました。 ニューヨーク ー っ iPhone",
    "zh": "我 昨天去了北京， 看到 100 只熊猫。 真的！ （笑） 东京证券取引所",
    "th": "ฉัน ไปกินข้าว กับเพื่อน ที่ร้าน 24 ชั่วโมง ๆ มาก",
    "ar": "ذهبتُ إلى السوق، واشتريت 3 تفاحات؟ نعم. لا",
}


@st.composite
def translations(draw: st.DrawFn) -> tuple[str, str]:
    tag = draw(st.sampled_from(sorted(words)))
    parts = draw(st.lists(st.sampled_from(words[tag].split()), min_size=1, max_size=40))
    glue = draw(st.sampled_from(["", " "])) if tag in {"ja", "zh", "th"} else " "
    return tag, glue.join(parts)


some_cues = st.lists(
    st.tuples(st.integers(1, 84), st.integers(1, 7000)), min_size=1, max_size=4
).map(lambda drawn: spoken(*["x" * n for n, _ in drawn], durations_ms=[ms for _, ms in drawn]))

TERMS = ("Nueva York", "東京証券取引所", "1 000 000")


@settings(max_examples=200)
@given(translations(), some_cues)
@example(("ja", "ー" * 90), spoken("a", "b", "c"))
@example(("es", "! ? . … ,"), spoken("a", "b", "c"))
@example(("es", "<i> <b> </b> </i>"), spoken("a", "b", "c"))
def test_the_pieces_are_the_text_and_none_is_blank(translation: tuple[str, str], cues: list[Cue]):
    tag, text = translation
    pieces = divided(tag, text, cues, TERMS)
    assert len(pieces) == len(cues)
    assert all(piece.strip() for piece in pieces)
    is_repeated = len(cues) > 1 and set(pieces) == {text} and len(pieces) > 1
    if not is_repeated:
        assert squeezed("".join(pieces)) == squeezed(text)
    for term in TERMS:
        assert sum(piece.count(term) for piece in pieces) >= text.count(term)


@settings(max_examples=200)
@given(
    st.text(min_size=1).filter(lambda text: text.strip()),
    some_cues,
    st.sampled_from(["es", "ja", "th"]),
)
def test_any_text_at_all_keeps_its_characters(text: str, cues: list[Cue], tag: str):
    pieces = divided(tag, text, cues)
    assert len(pieces) == len(cues)
    assert all(piece.strip() for piece in pieces)
    assert set(pieces) == {text} or squeezed("".join(pieces)) == squeezed(text)
