"""Languages of a SubStation script that holds one text in several of them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from typing import Protocol, cast

from app.domain.cue import Lane
from app.services.captions.overlaps import are_parallel
from app.services.captions.readers.substation_event import Event

StyleKey = tuple[Lane, str]
"""A lane and the name of a style in it."""

ROMANIZED = "ja-Latn"
_SAMPLE_CHARS = 3000
_SAMPLE_EVENTS = 200
MOST_STYLES = 16
"""Styles that are compared with one another: those that most events have."""

_ENOUGH_EVENTS = 10
"""Lines of which the statistics of letters tell one Latin language from another for sure."""

_LETTERS = re.compile(r"[a-z]{1,30}")
_WORDS = re.compile(r"[A-Z]{1,30}(?![a-z])|[A-Z]?[a-z]{1,30}")
_NAMED = {
    "romaji": ROMANIZED, "romanji": ROMANIZED, "romaaji": ROMANIZED, "kanji": "ja", "kana": "ja",
    "japanese": "ja", "jp": "ja", "jpn": "ja", "english": "en", "eng": "en", "en": "en",
    "chinese": "zh", "chs": "zh-Hans", "sc": "zh-Hans", "cht": "zh-Hant", "tc": "zh-Hant",
    "spanish": "es", "esp": "es", "french": "fr", "german": "de", "korean": "ko", "kor": "ko",
    "russian": "ru", "rus": "ru", "vietnamese": "vi", "viet": "vi", "thai": "th",
    "portuguese": "pt", "italian": "it", "arabic": "ar", "indonesian": "id",
}  # fmt: skip
_BY_SCRIPT = {"HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "THAI": "th", "GREEK": "el",
              "HEBREW": "he", "CJK": "zh"}  # fmt: skip
_MOSTLY = 0.6
_KANA_SHARE = 0.08
_LABELS = {"nb": "no", "nn": "no"}


def languages_of(events: Sequence[Event], lanes: Sequence[Lane]) -> Mapping[StyleKey, str]:
    """Return the languages of styles whose texts are shown beside each other.

    Args:
        events: sorted by begin.
        lanes: of the events.

    Returns:
        BCP 47 tags by lane and style; empty where no two styles of a lane run in parallel in
        different languages. Where they do, the dialogue's languages are told too.
    """
    by_style: dict[StyleKey, list[Event]] = defaultdict(list)
    for event, lane in zip(events, lanes, strict=True):
        if lane != "sign":
            by_style[lane, event.style].append(event)
    largest = sorted(by_style, key=lambda key: len(by_style[key]), reverse=True)[:MOST_STYLES]
    common = {key: by_style[key] for key in largest}
    if not _has_versions(common):
        return {}
    return {key: _language(key[1], events) for key, events in common.items()}


def divided(events: Sequence[Event]) -> list[Event]:
    """Return events whose two lines are two languages, as those of one style are, as two events.

    The second line gets a style of its own, named after the first one's.

    Args:
        events: sorted by begin.
    """
    by_style: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_style[event.style].append(event)
    largest = sorted(by_style, key=lambda style: len(by_style[style]), reverse=True)[:MOST_STYLES]
    bilingual = {
        style
        for style in largest
        if len(by_style[style]) > 1
        and sum(map(_is_bilingual, by_style[style])) >= _MOSTLY * len(by_style[style])
    }
    return [
        part
        for event in events
        for part in (
            _lines_apart(event) if event.style in bilingual and _is_bilingual(event) else (event,)
        )
    ]


def _is_bilingual(event: Event) -> bool:
    """Whether an event has two lines in different scripts."""
    lines = [line for line in event.text.plain.split("\n") if line.strip()]
    if len(lines) != 2 or len(event.text.marked.split("\n")) != 2:
        return False
    first, second = (_scripts(line).most_common(1) for line in lines)
    return bool(first and second) and _written(first[0][0]) != _written(second[0][0])


def _written(script: str) -> str:
    """Return a script, the three of Japanese as one."""
    return "CJK" if script in ("HIRAGANA", "KATAKANA") else script


def _lines_apart(event: Event) -> tuple[Event, Event]:
    plain, marked = event.text.plain.split("\n"), event.text.marked.split("\n")
    first, second = (
        replace(event, text=replace(event.text, plain=plain[at], marked=marked[at]))
        for at in range(2)
    )
    return first, replace(second, style=f"{event.style} (2)")


def is_other_version(style: str, events: Sequence[Event], usual: Sequence[Event]) -> bool:
    """Whether a style holds the dialogue in another language, rather than another text.

    Args:
        style: its name.
        events: of the style.
        usual: the dialogue; at least one event.
    """
    return _are_versions((style, events), (usual[0].style, usual))


def _has_versions(by_style: Mapping[StyleKey, Sequence[Event]]) -> bool:
    """Whether two styles of one lane are versions of one text."""
    return any(
        one[0] == other[0] and _are_versions((one[1], by_style[one]), (other[1], by_style[other]))
        for one, other in combinations(by_style, 2)
    )


def _are_versions(one: tuple[str, Sequence[Event]], other: tuple[str, Sequence[Event]]) -> bool:
    """Whether two styles run beside each other in languages that surely differ."""
    if not are_parallel(*([(e.start_ms, e.end_ms) for e in events] for _, events in (one, other))):
        return False
    languages = [_language(*each) for each in (one, other)]
    if languages[0].partition("-")[0] == languages[1].partition("-")[0] and (
        ROMANIZED not in languages or languages[0] == languages[1]
    ):
        return False
    scripts = [_main_script(events) for _, events in (one, other)]
    named = [_named(style) for style, _ in (one, other)]
    return (
        scripts[0] != scripts[1]
        or ROMANIZED in languages
        or None not in named
        or min(len(one[1]), len(other[1])) >= _ENOUGH_EVENTS
    )


def _language(style: str, events: Sequence[Event]) -> str:
    """Return the language of a style's texts: by its letters, its name, or their statistics."""
    text = _sample(events)
    scripts = _scripts(text)
    if scripts["HIRAGANA"] + scripts["KATAKANA"] > scripts.total() * _KANA_SHARE:
        return "ja"
    script, named = _main_script(events), _named(style)
    if script in _BY_SCRIPT:
        is_han = script == "CJK" and named is not None and named[:2] in ("zh", "ja")
        return named if is_han and named is not None else _BY_SCRIPT[script]
    if script == "LATIN" and named != "en" and _is_romanized(text):
        return ROMANIZED
    return named or _identified(text)


def _main_script(events: Sequence[Event]) -> str:
    """Return the script that most events are written in; empty for none."""
    per_event = (_scripts(event.plain).most_common(1) for event in events[:_SAMPLE_EVENTS])
    found = Counter(_written(most[0][0]) for most in per_event if most)
    return found.most_common(1)[0][0] if found else ""


def _sample(events: Sequence[Event]) -> str:
    return " ".join(event.plain for event in events[:_SAMPLE_EVENTS])[:_SAMPLE_CHARS]


def _scripts(text: str) -> Counter[str]:
    return Counter(name for char in text if char.isalpha() and (name := _script(char)))


def _named(style: str) -> str | None:
    words = (word.lower() for word in _WORDS.findall(style))
    return next((_NAMED[word] for word in words if word in _NAMED), None)


def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0]


def _is_romanized(text: str) -> bool:
    """Whether a text is Japanese in Latin letters, whose words end in vowels or n and have no l."""
    words = _LETTERS.findall(text.lower())
    open_ends = sum(1 for word in words if word[-1] in "aeioun")
    foreign = sum(1 for word in words if set(word) & set("lqxv"))
    return bool(words) and open_ends >= 0.9 * len(words) and foreign <= 0.05 * len(words)


class _Identifier(Protocol):
    def rank(self, text: str) -> list[tuple[str, float]]: ...


def _identified(text: str) -> str:
    """Return a text's likeliest language. Source: py3langid, naive Bayes over byte n-grams."""
    label = _identifier().rank(text)[0][0]
    return _LABELS.get(label, label)


@lru_cache(maxsize=1)
def _identifier() -> _Identifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return cast("_Identifier", LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))
