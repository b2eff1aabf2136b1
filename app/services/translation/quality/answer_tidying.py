"""Removal of what a model adds to a translation, and return of signs that it leaves out.

Every step compares with the line: what the line has itself is never touched. What cannot be taken
out without a guess is left to the checks, which have the line asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.abbreviations import ORDINAL_LANGUAGES
from app.domain.dialogue_turns import with_turns
from app.domain.language import Language
from app.services.translation.quality import added_signs, added_words, kept_signs

TIDYING = "2"
"""Changes with these steps: part of the revision of stored translations."""

_ROUNDS = 3
"""A label may stand within quotation marks, and quotation marks behind a label."""

_CHARS = 4000
"""Longer answers are no translations of a line, and are left as they are."""

_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)]) | {ord("\t"): " "}
"""Characters that subtitle formats cannot carry."""


@dataclass(frozen=True, slots=True)
class TidyAnswer:
    """A translation as it is shown.

    Attributes:
        text: one paragraph that subtitle formats can carry.
        changes: kinds of what was removed or put back, each once: ``label``, ``note``...
    """

    text: str
    changes: tuple[str, ...] = ()


def tidied(source: str, value: str, target: Language, key: str = "") -> TidyAnswer:
    """Return a translation without what the model added to it.

    Args:
        source: the line.
        value: the model's answer for it.
        target: language of the answer.
        key: the line's number in the request.
    """
    text, changes = value, dict[str, None]()
    if len(value) <= _CHARS and source.strip():
        for _ in range(_ROUNDS):
            before = text
            for kind, step in _steps(source, target, key):
                changed = step(text)
                if cleaned(changed) != cleaned(text) and cleaned(changed):
                    changes[kind] = None
                text = changed if cleaned(changed) else text
            if text == before:
                break
        text = cleaned(text, source)
        for kind, restore in kept_signs.STEPS:
            restored = restore(source, text)
            if restored != text:
                changes[kind] = None
                text = restored
    return TidyAnswer(cleaned(text, source), tuple(changes))


def cleaned(value: str, source: str = "") -> str:
    """Return a translation as one paragraph that subtitle formats can carry.

    Line breaks stay where the source has some and as many lines, and where a line begins as
    another speaker's does.
    """
    parts = (part.translate(_CONTROLS).strip() for part in value.splitlines())
    lines = [part for part in parts if part]
    if len(lines) == source.count("\n") + 1:
        return "\n".join(lines)
    return "\n".join(" ".join(turn) for turn in with_turns(lines))


def _steps(source: str, target: Language, key: str) -> tuple[tuple[str, Callable[[str], str]], ...]:
    has_ordinals = target.base in ORDINAL_LANGUAGES
    return (
        ("wrapping", lambda text: added_signs.without_wrapping(source, text)),
        ("escaped letters", lambda text: added_signs.with_letters(source, text)),
        ("line break sign", lambda text: added_signs.with_breaks(source, text)),
        ("entity", lambda text: added_signs.without_entities(source, text)),
        ("time", lambda text: added_signs.without_times(source, text)),
        (
            "number",
            lambda text: added_signs.without_number(
                source, text.strip(), key, has_ordinals=has_ordinals
            ),
        ),
        ("repeated source", lambda text: added_words.without_echo(source, text)),
        ("note", lambda text: added_words.without_notes(source, text)),
        ("label", lambda text: added_words.without_label(source, text, target)),
        ("emphasis", lambda text: added_signs.without_emphasis(source, text)),
        ("dash", lambda text: added_signs.without_dash(source, text)),
        ("tag", lambda text: added_signs.without_tags(source, text)),
        ("picture", lambda text: added_signs.without_emoji(source, text)),
        ("quotation marks", lambda text: added_signs.without_quotes(source, text)),
    )
