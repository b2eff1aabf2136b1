"""Answers of models that are no translations, or more than one: every kind in thirty languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "corpus"
SOURCES = ("The ferry leaves at nine o'clock.", "渡轮九点整准时开船，别迟到。")


@dataclass(frozen=True)
class BadAnswer:
    """One answer.

    Attributes:
        kind: of what is wrong with it.
        right: the translation that is in it; None where there is none.
    """

    kind: str
    language: str
    source: str
    answer: str
    right: str | None


def good_translations() -> dict[str, list[str]]:
    """Return lines by language; those at one place mean the same."""
    found: dict[str, list[str]] = {}
    text = (_FOLDER / "good_translations.txt").read_text(encoding="utf-8")
    for block in text.removeprefix("# ").split("\n# "):
        language, *lines = block.strip().split("\n")
        found[language] = lines
    return found


def more_rows(name: str) -> list[tuple[str, str, str]]:
    """Return language, line and answer of each row of a file."""
    found = []
    for row in (_FOLDER / name).read_text(encoding="utf-8").splitlines():
        language, source, answer = (_unescaped(part) for part in row.split("\t"))
        found.append((language, source, answer))
    return found


def _unescaped(text: str) -> str:
    return text.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")


def bad_answers() -> Iterator[BadAnswer]:
    """Yield the answers that must be mended or asked again."""
    for row in (_FOLDER / "bad_answers.txt").read_text(encoding="utf-8").splitlines():
        language, right, *answers = row.split("|")
        source = SOURCES[language == "en"]
        for answer in answers[:4]:
            yield BadAnswer("refusal", language, source, answer, None)
        for kind, answer in zip(
            ("label", "introduction", "note", "reply"), answers[4:], strict=True
        ):
            yield BadAnswer(kind, language, source, answer.format(right), right)
        for kind, pattern in _ADDED:
            yield BadAnswer(kind, language, source, pattern.format(right, source), right)
        for kind, pattern in _DOUBTFUL:
            yield BadAnswer(kind, language, source, pattern.format(right, right[:-1]), None)
    yield from _marked()


_ADDED = (
    ("quotation marks", '"{}"'),
    ("quotation marks", "“{}”"),
    ("quotation marks", "«{}»"),
    ("entity", "&quot;{}&quot;"),
    ("entity", "{}&nbsp;"),
    ("line break sign", "\\N{}"),
    ("line break sign", "{}<br>"),
    ("number", "7| {}"),
    ("number", "[7] {}"),
    ("time", "7\n00:00:01,000 --> 00:00:03,000\n{}"),
    ("time", "[00:01:02] {}"),
    ("emphasis", "**{}**"),
    ("emphasis", "*{}*"),
    ("emphasis", "`{}`"),
    ("tag", "<i>{}</i>"),
    ("echo", "{1}\n{0}"),
    ("echo", "{1} → {0}"),
    ("echo", "{0} ({1})"),
)
_DOUBTFUL = (("alternatives", "{} / {}"), ("brackets", "{} [xyz]"), ("alternatives", "{1}/abc"))


def _marked() -> Iterator[BadAnswer]:
    """Yield translations that lack a sign of their line, or have another figure."""
    lines = good_translations()
    for language, texts in lines.items():
        if language == "en":
            continue
        for number, changes in _FIGURES.items():
            for old, new in changes:
                if old in texts[number - 1]:
                    bad = texts[number - 1].replace(old, new)
                    yield BadAnswer("figure", language, lines["en"][number - 1], bad, None)
        song, turns, tags = (texts[number - 1] for number in (19, 20, 38))
        right = song.strip("♪ ")
        yield BadAnswer("music", language, lines["en"][18], right, song)
        plain = turns.replace("- ", "").replace("– ", "")
        yield BadAnswer("dashes", language, lines["en"][19], plain, None)
        untagged = tags.replace("<i>", "").replace("</i>", "")
        yield BadAnswer("tags", language, lines["en"][37], untagged, None)
        yes = texts[0]
        yield BadAnswer("dash", language, "- Yes.", yes, f"- {yes}")


_FIGURES = {
    11: (
        ("1.250", "1.520"), ("1 250", "1 520"), ("1250", "1520"), ("1,250", "1,520"),
        ("١٬٢٥٠", "١٬٥٢٠"),
    ),
    12: (("34", "43"),),
    14: (("1984", "1948"),),
    33: (("50", "15"),),
    34: (("10", "100"), ("42", "24")),
    39: (("7", "8"),),
    44: (("2021", "2012"),),
    10: (("9:30", "9:15"), ("9.30", "9.15")),
}  # fmt: skip
