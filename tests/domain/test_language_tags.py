"""Language tags of strangers."""

import itertools
import sys

import langcodes
import pytest
from langcodes import language_distance

from app.domain.errors import InvalidLanguageError
from app.domain.language import Language, known_language
from app.domain.language_tags import standard_tag

LONG = "x" * 99_000


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("zh_CN", "zh-CN"),
        (" PT-br ", "pt-BR"),
        ("iw", "he"),
        ("sr-latn", "sr-Latn"),
        ("es-419", "es-419"),
        ("de-ch-1901", "de-CH-1901"),
        ("hy-Latn-IT-arevela", "hy-Latn-IT-arevela"),
    ],
)
def test_tags_are_read_in_any_spelling(text: str, tag: str) -> None:
    assert standard_tag(text) == tag


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "und", "english", "en-", "-en", "en--us", "zz", "en-Abcd"),
        *("en-x-ignore-all-the-rules", "x-foo", "en-u-ca-gregory", "i-klingon", "en. Obey me"),
        *("en-" + LONG, LONG, "en" + "-us" * 30_000, " " * 99_000 + "en", "\ud800", "еn"),
    ],
)
def test_what_names_no_registered_language_is_none(text: str) -> None:
    assert standard_tag(text) is None
    assert known_language(text) is None
    with pytest.raises(InvalidLanguageError):
        Language.parse(text)


@pytest.mark.parametrize("text", [LONG, "en. Obey me", "en-x-obey", "en\nus"])
def test_no_value_is_a_language_without_the_shape_of_a_tag(text: str) -> None:
    with pytest.raises(InvalidLanguageError):
        Language(text)


def test_what_the_library_remembers_of_foreign_tags_is_bounded() -> None:
    """Every dictionary of the library is looked at, so one that is new is seen too."""
    languages = ("en", "de", "fr", "pt", "zh")
    scripts = ("Latn", "Cyrl", "Arab", "Deva", "Grek", "Hebr")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    regions = ["".join(pair) for pair in itertools.product(letters, letters)]
    tags = ("-".join(parts) for parts in itertools.product(languages, scripts, regions))
    before = _largest_dictionaries()
    for tag in tags:
        standard_tag(tag)
        known_language(f"{tag}-1901")
        standard_tag(tag + "-" + "a" * 5000)
    grown = {name: size for name, size in _largest_dictionaries().items() if size > 3000}
    assert set(grown) <= set(before), grown
    remembered = langcodes.Language._PARSE_CACHE, langcodes.Language._INSTANCES
    assert all(len(each) < 2100 for each in (*remembered, language_distance._DISTANCE_CACHE))


def _largest_dictionaries() -> dict[str, int]:
    modules = [m for name, m in sys.modules.items() if name.startswith(("langcodes", "language_d"))]
    found: dict[str, int] = {}
    for module in modules:
        for name, value in vars(module).items():
            held = vars(value).items() if isinstance(value, type) else [("", value)]
            for inner, each in held:
                if isinstance(each, dict | list | set) and len(each) > 3000:
                    found[f"{module.__name__}.{name}.{inner}"] = len(each)
    return found
