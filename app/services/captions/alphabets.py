"""Letters and frequent words of the languages whose files come in encodings of their own.

Letters beyond ASCII: the main and auxiliary exemplar characters of CLDR 48. Words: articles,
pronouns, particles and conjunctions, as grammars list them; ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from charset_normalizer.constant import FREQUENCIES


@dataclass(frozen=True, slots=True)
class LanguageTraits:
    """Letters and words by which a text is known to be in a language.

    Attributes:
        letters: lower-case letters beyond ASCII.
        words: frequent ones, in lower case.
        ranks: place of its letters by frequency, 0..1, the most frequent first; empty where they
            are not counted.
        latin: whether its other letters are those of ASCII.
    """

    letters: frozenset[str]
    words: frozenset[str]
    ranks: dict[str, float]
    latin: bool


_LATIN = {
    "cs": ("áčďéěíňóřšťúůýž", "a je to se na že ne co jsem si jak tak ale za už by pro mě tě není"),
    "sk": (
        "áäčďéíĺľňóôŕšťúýž",
        "a je to sa na že nie čo som si ako tak ale za už by pre ma sú len",
    ),
    "pl": ("ąćęłńóśźż", "i w nie to się na jest że z do co jak ja ale tak za mnie już się czy o"),
    "hu": ("áéíóöőúüű", "a az és nem hogy egy van ez is de mi meg csak ha te én itt volt igen már"),
    "ro": ("ăâîșțşţ", "și şi nu de a la în că o cu ce un pe sunt mai e din este să ca am ai da"),
    "hr": ("čćđšž", "je i da se u na ne to što sam za ti si su od ali li bi ja kako sve s me nije"),
    "sl": (
        "čšžćđ",
        "je in da se v na ne to kaj sem za si so od pa ali bi jaz kako tudi s me ni že",
    ),
    "sr": (
        "čćđšž",
        "je i da se u na ne to šta sam za ti si su od ali li bi ja kako sve sa me nije",
    ),
    "sq": ("çë", "e të në dhe për një me që nuk se është ka do më si po ku jam i u nga kjo"),
    "de": (
        "äöüß",
        "die der und das ist nicht ich du sie es ein zu in mit wir was auf den für aber",
    ),
    "fr": ("àâæçéèêëîïôœùûüÿ", "de la le et les des que je est pas un à en une il vous ne ça ce"),
    "es": ("áéíñóúü", "de que no la el y en es un lo a por qué me una te los se con para si está"),
    "pt": ("áâãàçéêíóôõúü", "de que não o a é e um para se uma com eu do da em os está você mas"),
    "gl": ("áéíñóúü", "de que non o a e é un para se unha con eu do da en os está mais pero"),
    "it": (
        "àèéìíîòóùú",
        "di che non la il e è un per in mi una ti lo sono ma si con le ho come ci",
    ),
    "ca": ("àçéèíïóòúü", "de que no la el i en és un per a amb una es ho els què si està ha com"),
    "nl": (
        "áàéèëïóöüê",
        "de het een ik je van en is niet dat in te we zijn op die wat maar er met",
    ),
    "da": ("æøåéä", "og det er jeg du i at en ikke til på den af har vi med for hvad der så kan"),
    "no": ("æøåéòôä", "og det er jeg du i at en ikke til på den av har vi med for hva som så kan"),
    "sv": ("åäöé", "och det är jag du i att en inte till på den av har vi med för vad som så kan"),
    "fi": ("äöåšž", "ja on ei se että hän minä en mitä olen niin mutta kun sinä oli jos tämä nyt"),
    "is": ("áðéíóúýþæö", "og að er ég ekki það í á þú við hann en til sem um ekki hvað mér þetta"),
    "en": ("éèêëïñçöüàáíóúæœ", "the to you i a and it of is that in we not me what this for my on"),
    "et": ("äõöüšž", "ja on ei see et ma ta sa mis ka ära kui oli aga nii kas siis mind selle"),
    "lv": (
        "āčēģīķļņšūžōŗ",
        "un ir es tu ne to ka ar par no man kas uz bet vai tas mēs viņš lai jā",
    ),
    "lt": ("ąčęėįšųūž", "ir tai aš tu ne kad yra į bet jis iš ką kaip su mes man čia taip jei už"),
    "tr": ("çğıöşüâîûi̇", "bir ve bu ne da de için ben sen var mı çok o ama değil evet daha gibi"),
    "az": ("çəğıöşüi̇", "bir və bu nə da də üçün mən sən var çox o amma deyil bəli kimi ki"),
    "mt": ("ċġħżàèìòù", "u li ta il huwa ma jien dan din fil mhux għal kien tiegħu hija"),
    "eo": ("ĉĝĥĵŝŭ", "la de kaj en estas ne mi vi ke al por li ĝi sed ni kio kun"),
    "vi": (
        "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ\u0300\u0301\u0303\u0309\u0323",
        "không là tôi và có anh của một cho đã này với được cái em người đi các trong ở",
    ),
    "cy": ("âêîôûŵŷáéëïöẅ", "y yn i o a ar mae ei am yr ac wedi fod gan dim ond chi"),
    "ga": ("áéíóú", "an na agus is tá ar sé mé go a i bhí le ní sí do"),
}
_OTHERS = {
    "ru": ("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "и в не на я что он с это как ты мы но а так"),
    "uk": ("абвгдежзийклмнопрстуфхцчшщьюяіїєґ", "і в не на я що він з це як ти ми але та й у"),
    "be": ("абвгдежзйклмнопрстуфхцчшыьэюяёіў", "і ў не на я што ён з гэта як ты мы але да"),
    "bg": ("абвгдежзийклмнопрстуфхцчшщъьюя", "и в не на да се е от за съм си ще това как по"),
    "mk": ("абвгдежзијклмнопрстуфхцчшѓѕљњќџѐѝ", "и во не на да се е од за сум си ќе тоа како"),
    "el": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ", "και το να δεν είναι η ο με για θα σε τι"),
    "he": ("אבגדהוזחטיכלמנסעפצקרשתךםןףץ" + "".join(map(chr, range(0x5B0, 0x5C3))), "אני לא את"),
    "ar": (
        "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءآأؤإئپچژگ" + "".join(map(chr, range(0x64B, 0x653))),
        "من",
    ),
    "fa": ("ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیءآأؤئةكي", "و به که در از این را با است من تو"),
    "th": ("".join(map(chr, (*range(0xE01, 0xE3B), *range(0xE40, 0xE4F)))), ""),
}
_SERBIAN = "абвгдђежзијклљмнњопрстћуфхцчџш"

_NAMES = {
    "ru": "Russian", "uk": "Ukrainian", "bg": "Bulgarian", "el": "Greek", "he": "Hebrew",
    "ar": "Arabic", "fa": "Farsi", "th": "Thai",
    "cs": "Czech", "sk": "Slovak", "pl": "Polish", "hu": "Hungarian",
    "hr": "Croatian", "sl": "Slovene", "de": "German", "fr": "French", "es": "Spanish",
    "pt": "Portuguese", "it": "Italian", "nl": "Dutch", "da": "Danish", "no": "Norwegian",
    "sv": "Swedish", "fi": "Finnish", "et": "Estonian", "lt": "Lithuanian", "tr": "Turkish",
    "vi": "Vietnamese",
}  # fmt: skip
"""What charset-normalizer calls a language. Source: its constant.FREQUENCIES, counted by its
authors on Wikipedia."""

_LIKE = {"be": "ru", "mk": "bg", "sr-Cyrl": "bg"}
"""A language whose letters are about as frequent, where charset-normalizer has no list."""


@lru_cache(maxsize=64)
def alphabet_of(name: str) -> LanguageTraits:
    """Return the alphabet of a language.

    Args:
        name: one of the names that `code_pages` has.
    """
    if name == "sr-Cyrl":
        letters, words = _SERBIAN, "је и да се у на не то шта сам за ти си су од али ли би како"
    else:
        letters, words = _LATIN[name] if name in _LATIN else _OTHERS[name]
    return LanguageTraits(
        frozenset(letters), frozenset(words.split()), _ranks(name), name in _LATIN
    )


def _ranks(name: str) -> dict[str, float]:
    counted = _NAMES.get(_LIKE.get(name, name))
    if counted is None:
        return {}
    letters = FREQUENCIES[counted]
    return {letter: place / len(letters) for place, letter in enumerate(letters)}
