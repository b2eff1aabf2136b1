"""When a text needs no translation."""

import pytest

from app.domain.language import Language


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("en", "en-GB", True),
        ("es-419", "es-ES", True),
        ("zh", "zh-TW", True),
        ("zh-CN", "zh-TW", False),
        ("zh-Hans", "zh-TW", False),
        ("zh-Hans", "zh-CN", True),
        ("zh-Hant", "zh-TW", True),
        ("sr-Latn", "sr-RS", False),
        ("pt-BR", "es", False),
    ],
)
def test_the_same_language_is_one_that_is_written_the_same(
    one: str, other: str, same: bool
) -> None:
    assert Language.parse(one).same_language(Language.parse(other)) is same
    assert Language.parse(other).same_language(Language.parse(one)) is same
