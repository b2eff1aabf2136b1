"""Signs that a model adds around a translation, removed where the line has none of them."""

from __future__ import annotations

import html
import json
import re

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8}\d?);")
_LITERAL_BREAK = re.compile(r"\\[Nnr]|<\s?[bB][rR]\s?/?>")
_TIME_LINE = re.compile(
    r"\[?\d{1,3}:\d\d(?::\d\d)?[.,:]?\d{0,3}\]?\s?(?:-->|->|→|–>)"
    r"\s?\[?\d{1,3}:\d\d(?::\d\d)?[.,:]?\d{0,3}\]?"
)
_STAMP = re.compile(
    r"\s?(?:[\[(]\d{1,3}:\d\d(?::\d\d)?(?:[.,]\d{1,3})?[\])]|\d\d:\d\d:\d\d(?:[.,]\d{3})?)\s?"
)
_NUMBER = re.compile(
    r"\s?(?:[#\[(]?(\d{1,3})(?:[\])|:：、]|[.)](?=\s)|\s[-–—](?=\s))|#(\d{1,3})\s)\s?"
)
_TOKEN = re.compile(r"<\|[^<>|]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>")
"""Marks of models' chat formats."""

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_MOJIBAKE = ("Ã", "Â", "â€", "Ð", "Ñ", "ã", "å", "Ø", "Ù", "à¤", "à¸")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u2668\u267f-\u27bf\ufe0f\u200d\u2b50\u2728]+")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,80}>|\{\\[^{}]{0,80}\}")
_EMPHASIS = re.compile(r"\*{1,3}|`{1,3}|~~|__")
_UNDERLINED = re.compile(r"(?<!\w)_(?=\w)|(?<=\w)_(?!\w)")
_HEADING = re.compile(r"\s?(?:#{1,6}\s|>\s|[•▪◦●·]\s?)")

_PAIRS_TEXT = """"" “” „“ „” «» »« ‹› ›‹ '' ‘’ ’’ ‚‘ ‚’ 「」 『』 《》 〈〉 ”” ＂＂ 〝〟 ❝❞"""
_PAIRS = _PAIRS_TEXT.split()
QUOTES = {
    opening: "".join(pair[1] for pair in _PAIRS if pair[0] == opening)
    for opening in {pair[0] for pair in _PAIRS}
}
"""Closing marks by the mark that opens."""

_DASHES = frozenset("-‐‑–—―−")
_QUOTE_MARKS = frozenset('"“”„«»‹›‘‚「」『』《》〈〉＂〝〟❝❞')


def without_wrapping(source: str, text: str) -> str:
    """Return what stands in a JSON document of one text, or behind a model's thoughts."""
    if "</think>" in text and "</think>" not in source:
        text = text.rpartition("</think>")[2]
    bare = text.strip()
    if bare[:1] + bare[-1:] in {"{}", "[]"} and '"' in bare and bare[:1] != source.strip()[:1]:
        text = _only_text(bare) or text
    return _TOKEN.sub("", text) if not _TOKEN.search(source) else text


def _only_text(document: str) -> str:
    try:
        value = json.loads(document)
    except (ValueError, RecursionError):
        return ""
    values = list(value.values()) if isinstance(value, dict) else value
    return values[0] if len(values) == 1 and isinstance(values[0], str) else ""


def with_letters(source: str, text: str) -> str:
    """Return a text whose letters are written as such: no escapes, no UTF-8 read as Latin-1."""
    if "\\" not in source and "\\u" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if any(sign in text for sign in _MOJIBAKE):
        for encoding in ("cp1252", "latin-1"):
            try:
                return text.encode(encoding).decode("utf-8")
            except ValueError:
                continue
    return text


def without_emoji(source: str, text: str) -> str:
    """Return a text without pictures where the line has none."""
    return text if _EMOJI.search(source) or "\u200d" in source else _EMOJI.sub("", text)


def with_breaks(source: str, text: str) -> str:
    r"""Return a text whose literal ``\\N`` and ``<br>`` are line breaks."""
    text = text if "\\" in source else _LITERAL_BREAK.sub("\n", text)
    if "\\" not in source:
        text = text.replace('\\"', '"').replace("\\'", "'").replace("\\t", " ")
    return text


def without_entities(source: str, text: str) -> str:
    """Return a text without entities of HTML, twice escaped ones too."""
    if _ENTITY.search(source):
        return text
    for _ in range(2):
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text.replace("\u00ad", "")


def without_times(source: str, text: str) -> str:
    """Return a text without the time lines and stamps of subtitle files."""
    if "-->" not in source:
        text = _TIME_LINE.sub("\n", text)
    if not _STAMP.search(source):
        text = _STAMP.sub(" ", text)
    return text


def without_number(source: str, text: str, key: str, *, has_ordinals: bool) -> str:
    """Return a text without the number that its line has in the request or in a file.

    Args:
        source: the line.
        text: its translation, in lines.
        key: number of the line in the request.
        has_ordinals: whether ``1. Mai`` is a date in the language.
    """
    lines = text.split("\n")
    alone = lines[0].strip().strip("[]().#")
    if len(lines) > 1 and alone.isdecimal() and alone not in source:
        return "\n".join(lines[1:])
    match = _NUMBER.match(text)
    if match is None or _NUMBER.match(source):
        return text
    number = match[1] or match[2]
    rest = text[match.end() :]
    is_bar = number == key and "|" in match[0]
    is_own = number == key or match[0].strip()[-1:] in "]|" or match[0].lstrip()[:1] == "#"
    if has_ordinals and match[0].strip()[-1:] == ".":
        return text
    # ``3:30`` is a time: a number that the line has stays.
    if (
        not is_own
        or (number in source and not is_bar)
        or not rest.strip()
        or rest.lstrip()[0].isdigit()
    ):
        return text
    return rest


def without_emphasis(source: str, text: str) -> str:
    """Return a text without the signs of Markdown."""
    if "*" not in source and "`" not in source:
        text = _EMPHASIS.sub("", text) if _is_paired(text) else text
    if "_" not in source:
        text = _UNDERLINED.sub("", text)
    if not _HEADING.match(source) and (match := _HEADING.match(text)) and "#" not in source:
        text = text[match.end() :]
    return text


def without_dash(source: str, text: str) -> str:
    """Return a text without a dash ahead of all of it, where the line has none at all."""
    bare = text.strip()
    is_added = bare[:1] in _DASHES and _DASHES.isdisjoint(source) and ">>" not in source
    rest = bare[1:].lstrip()
    return rest if is_added and rest[:1].isalpha() and _DASHES.isdisjoint(rest) else text


def without_tags(source: str, text: str) -> str:
    """Return a text without tags where the line has none."""
    return text if _TAG.search(source) else _TAG.sub("", text)


def without_quotes(source: str, text: str) -> str:
    """Return a text without quotation marks around all of it, where the line has none there."""
    bare = text.strip()
    if _QUOTE_MARKS.isdisjoint(source) and bare.count('"') == 1 and '"' in bare[:1] + bare[-1:]:
        return bare.strip('"').strip()
    if len(bare) < 3 or bare[-1] not in QUOTES.get(bare[0], ""):
        return text
    said = source.strip().strip("-–—♪ ")
    if not said or said[0] in _QUOTE_MARKS | {"'", "’"} or said[-1] in _QUOTE_MARKS | {"'", "’"}:
        return text
    inner = bare[1:-1]
    ends = {bare[0], bare[-1]} - {"'", "’"}
    if any(inner.count(mark) > source.count(mark) or inner.count(mark) % 2 for mark in ends):
        return text
    if bare[0] in "\"'" and inner[:1] == " ":
        return text
    is_title = bare[0] in "《〈" and inner[-1] not in ".。!！?？…"
    if is_title or (bare[0] == "'" and " " not in inner):
        return text
    return inner.strip()


def _is_paired(text: str) -> bool:
    return text.count("*") > 1 or text.count("`") > 1 or "~~" in text or "__" in text
