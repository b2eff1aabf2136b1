"""Conversion of a text into another script of its language, without a model.

Chinese by OpenCC, whose tables have words and phrases; Serbian and Bosnian letter by letter. Every
other language is translated by a model, which is told the script: its alphabets do not map one to
one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import opencc

from app.domain import language_tags
from app.domain.language import Language
from app.services.translation.text.han_variants import load_characters
from app.services.translation.text.serbian_letters import to_cyrillic, to_latin
from app.services.translation.text.written_script import WrittenScript
from app.services.translation.translator import LanguagePair

_CONFIGS = {
    "Hans": {"TW": "s2twp", "HK": "s2hk", "MO": "s2hk", None: "s2t"},
    "Hant": {"TW": "tw2sp", "HK": "hk2s", "MO": "hk2s", None: "t2s"},
}
"""OpenCC's configuration by the script that is left and the region of the traditional text. Those
for Taiwan have its words too (軟體 for 软件)."""

_CHINESE = frozenset({"zh", "yue"})
_SERBIAN = frozenset({"sr", "bs"})


@dataclass(frozen=True, slots=True)
class ScriptConverter:
    """Converts texts of one language into another script.

    Attributes:
        name: for people and results.
        convert: a text into the text in the other script, which is about as long.
    """

    name: str
    convert: Callable[[str], str]


def load_tables(target: Language) -> None:
    """Load what a conversion into a language needs, ahead of the first text."""
    if target.base in _CHINESE:
        load_characters()
        for script in _CONFIGS:
            converter_for(target.in_script(script), target)


def converter_for(source: Language | None, target: Language) -> ScriptConverter | None:
    """Return what converts texts as they are written into the target; None where nothing does.

    Args:
        source: with the script that the texts are in; see `WrittenScript`.
        target: of the same language, in another script.
    """
    if source is None or source.base != target.base or target.script is None:
        return None
    left = source.script
    if left is None or left == target.script:
        return None
    if target.base in _CHINESE and {left, target.script} == set(_CONFIGS):
        traditional = target if target.script == "Hant" else source
        region = language_tags.region_of(traditional.tag)
        config = _CONFIGS[left].get(region) or _CONFIGS[left][None]
        return ScriptConverter(f"OpenCC ({config})", _opencc(config).convert)
    if target.base in _SERBIAN and {left, target.script} == {"Cyrl", "Latn"}:
        convert = to_latin if target.script == "Latn" else to_cyrillic
        return ScriptConverter(f"{left} to {target.script}, letter by letter", convert)
    return None


def needs_translator(pair: LanguagePair) -> bool:
    """Whether texts of a pair have to be translated: neither are they left nor converted."""
    return not pair.is_same and converter_for(pair.source, pair.target) is None


def convert_texts(texts: Sequence[str], pair: LanguagePair) -> list[str] | None:
    """Return texts of the target language in its script, as they are or converted.

    Returns:
        None where any of them has to be translated.
    """
    if pair.source is None or pair.source.base != pair.target.base:
        return list(texts) if pair.is_same else None
    scripts, found = WrittenScript(), list[str]()
    for text in texts:
        written = scripts.of(pair.source, text)
        converter = converter_for(written, pair.target)
        if converter is None and not written.same_language(pair.target):
            return None
        found.append(converter.convert(text) if converter is not None else text)
    return found


@lru_cache(maxsize=len(_CONFIGS) * 3)
def _opencc(config: str) -> opencc.OpenCC:
    return opencc.OpenCC(config)
