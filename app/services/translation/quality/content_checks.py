"""Checks of what a translation says beside its line: talk, alternatives, signs, figures."""

from __future__ import annotations

import re

from app.services.translation.quality import talk_terms
from app.services.translation.quality.added_words import has_bracket
from app.services.translation.quality.defect import Defect
from app.services.translation.quality.figure_checks import has_other_figures
from app.services.translation.quality.kept_signs import lost_sign
from app.services.translation.quality.model_talk import mentions, talk_certainty, terms_of
from app.services.translation.text.wordless import is_wordless

_SURE = 1.0

_ALTERNATIVES = re.compile(r"\s/\s|[^\s\d/]{2}/[^\s\d/]|[^\W\d_]\([^\W\d_]{1,3}\)")
"""``go / leave``, ``cansado/a``, ``ami(e)``."""

_NUMBERED = re.compile(r"\d{1,3}[.)]\s")
_ORDINAL = re.compile(r"\d{1,2}\.\s\S{2,12}[.!?]?\Z")
"""``1. Mai``, for words."""

_OPTIONS = terms_of(talk_terms.OPTION)

_PLACEHOLDERS = frozenset(
    {"null", "undefined", "n/a", "nan", "tbd", "todo", "string", "translation"}
)
"""What programs write where there is nothing."""

_SLASHED = frozenset("km/h m/s y/o and/or und/oder et/ou e/o e/ou en/of och/eller og/eller".split())  # noqa: SIM905
"""What is written with a slash in any case."""

_AROUND = " .[](){}<>\"'*_"

_TALK = "was about the task and no translation"
_OTHER_FIGURES = "had other figures than the line"


def content_defect(source: str, text: str) -> Defect | None:
    """Return the defect of what a translation says; None if it has none.

    Args:
        source: the line.
        text: its translation, tidied.
    """
    if text.strip(_AROUND).casefold() in _PLACEHOLDERS - {source.strip(_AROUND).casefold()}:
        return Defect("was a placeholder", is_told=True)
    if "\ufffd" in text and "\ufffd" not in source:
        return Defect("had unreadable characters", lasting=False, is_told=True)
    if is_wordless(text) and not is_wordless(source):
        return Defect("had no words", lasting=False, is_told=True)
    if certainty := talk_certainty(source, text):
        return Defect(_TALK, lasting=certainty >= _SURE, is_told=True)
    if (sign := lost_sign(source, text)) is not None:
        return Defect(sign, lasting=False, is_told=True)
    if _NUMBERED.match(text) and not any(map(str.isdecimal, source)) and not _ORDINAL.match(text):
        return Defect("began with a number that the line lacks", lasting=False, is_told=True)
    altered = has_other_figures(source, text)
    if altered is not False:
        return Defect(_OTHER_FIGURES, lasting=bool(altered), is_told=True)
    if _gives_alternatives(source, text):
        return Defect("gave alternatives", lasting=False, is_told=True)
    if has_bracket(text) and not has_bracket(f" {source}"):
        return Defect("had a remark in brackets that the line lacks", lasting=False, is_told=True)
    return None


def _gives_alternatives(source: str, text: str) -> bool:
    if mentions(text, _OPTIONS) and not mentions(source, _OPTIONS):
        return True
    words = [word for word in text.split() if word.casefold().strip(".,!?") not in _SLASHED]
    return "/" not in source and _ALTERNATIVES.search(" ".join(words)) is not None
