"""Good translations pass, bad answers do not: both corpora in many languages."""

from __future__ import annotations

from collections import Counter

from app.domain.language import Language
from app.services.translation.llm.prompt import RULES
from app.services.translation.quality.answer_tidying import tidied
from app.services.translation.quality.line_checks import find_defect
from tests.chatting import pair
from tests.services.translation.quality.bad_answers import (
    bad_answers,
    good_translations,
    more_rows,
)

MOST_DOUBTED = 2
LEAST_CAUGHT = 0.99
KEY = "7"


def doubted(source: str, text: str, spoken: str, target: str) -> bool:
    tidy = tidied(source, text, Language(target), KEY)
    defect = find_defect(source, tidy.text, pair(target, spoken), RULES)
    return bool(tidy.changes) or tidy.text != text or defect is not None


def test_a_thousand_good_translations_in_twenty_languages_pass() -> None:
    lines = good_translations()
    rows = [
        (source, text, target)
        for target, texts in lines.items()
        if target != "en"
        for source, text in zip(lines["en"], texts, strict=True)
    ]
    assert len(rows) >= 1000
    found = [row for row in rows if doubted(row[0], row[1], "en", row[2])]
    assert len(found) <= MOST_DOUBTED, found


def test_good_translations_between_other_languages_pass() -> None:
    lines = good_translations()
    languages = list(lines)
    found = [
        (source, text)
        for spoken, target in zip(languages, languages[7:] + languages[:7], strict=True)
        for source, text in zip(lines[spoken], lines[target], strict=True)
        if doubted(source, text, spoken, target)
    ]
    assert len(found) <= MOST_DOUBTED, found


def test_bad_answers_of_every_kind_are_mended_or_refused() -> None:
    missed: list[tuple[str, str, str]] = []
    kinds: Counter[str] = Counter()
    for bad in bad_answers():
        tidy = tidied(bad.source, bad.answer, Language(bad.language), KEY)
        spoken = "en" if bad.source.isascii() or "♪" in bad.source else "zh"
        defect = find_defect(bad.source, tidy.text, pair(bad.language, spoken), RULES)
        kinds[bad.kind] += 1
        if defect is None and tidy.text != bad.right:
            missed.append((bad.kind, bad.answer, tidy.text))
    assert kinds.total() > 1000
    assert len(missed) <= (1 - LEAST_CAUGHT) * kinds.total(), missed


def test_answers_that_nobody_would_show_are_mended_or_refused() -> None:
    missed = []
    for language, source, answer in more_rows("more_bad_answers.tsv"):
        tidy = tidied(source, answer, Language(language), "1")
        spoken = "en" if source.isascii() else "zh"
        defect = find_defect(source, tidy.text, pair(language, spoken), RULES)
        if defect is None and not tidy.changes:
            missed.append((source, answer))
    assert missed == []


def test_idioms_numbers_names_and_slashes_pass_but_for_a_few() -> None:
    rows = more_rows("more_good_translations.tsv")
    found = [row for row in rows if doubted(row[1], row[2], "en", row[0])]
    lasting = [
        row
        for row in found
        if (defect := find_defect(row[1], row[2], pair(row[0]), RULES)) and defect.lasting
    ]
    assert len(rows) > 80
    assert len(found) <= 4, found
    assert lasting == []
