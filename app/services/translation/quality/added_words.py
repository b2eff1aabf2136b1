"""Words that a model adds around a translation: labels, introductions, notes, the line itself."""

from __future__ import annotations

import re

from app.domain.language import Language
from app.services.translation.quality import talk_terms
from app.services.translation.quality.added_signs import QUOTES
from app.services.translation.quality.model_talk import mentions, plain, terms_of

_COLONS = re.compile(r"\s?[:：﹕]\s?|\s?(?:=>|→|-->)\s?")
_DASH = re.compile(r"\s[-–—]\s")
_HEAD_CHARS = 90
"""A label or introduction ahead of a colon is no longer."""

_LABEL_WORDS = 4
_ECHO_LETTERS = 8

_TRANSLATION = terms_of(talk_terms.TRANSLATION + "|" + talk_terms.SUBTITLE)
_NOTE = terms_of(talk_terms.NOTE)
_REMARK = terms_of(talk_terms.REMARK)
_LABEL = frozenset(plain(term).strip() for term in terms_of(talk_terms.LABEL_ALONE))
_NOTE_ALONE = frozenset(plain(term).strip() for term in _NOTE)

_NOTE_BEGINS = ("\n", ". ", "! ", "? ", "。", "！", "？", "।", "*", "— ", "– ", ".» ", ".” ", '." ')
_BRACKETS = {"(": ")", "[": "]", "（": "）", "［": "］", "【": "】", "{": "}", "〔": "〕"}
_CLOSING = {close: open_ for open_, close in _BRACKETS.items()}
_SEPARATORS = "\n→=|:：–—-/>"


def without_label(source: str, text: str, target: Language) -> str:
    """Return a text without a label or introduction ahead of it.

    A line that has a colon itself may have a label of its own.
    """
    text = _without_head_line(source, text)
    match = _COLONS.search(text[:_HEAD_CHARS]) or _dashed_label(text, target)
    if match is None:
        return text
    head, rest = text[: match.start()], text[match.end() :].lstrip(" *_\n")
    if not rest or (head.rstrip()[-1:].isdigit() and rest[0].isdigit()):
        return text
    if "(" in head and head.rstrip().endswith(")"):  # ``Translation (formal):``
        head = head.partition("(")[0]
    own_colons = len(_COLONS.findall(source))
    is_about_task = mentions(head, _TRANSLATION) and len(_COLONS.findall(text)) > own_colons
    if own_colons and not is_about_task:
        return text
    if not _may_be_label(head) or not _is_label(head, target) or _speaks_of_it(source):
        return text
    quote = QUOTES.get(head.strip()[0], "")
    return rest.rstrip()[:-1] if quote and rest.rstrip()[-1] in quote else rest


def without_notes(source: str, text: str) -> str:
    """Return a text without a note behind it, in brackets, after a line break or a sentence."""
    text = _without_bracketed(source, text)
    return _without_note_lines(source, text)


def without_echo(source: str, text: str) -> str:
    """Return a text without the line itself ahead of or behind its translation."""
    letters = plain(source).strip()
    if len(letters) < _ECHO_LETTERS or plain(text).strip() == letters:
        return text
    lines = text.split("\n")
    others = [line for line in lines if not _is_echo(line, letters)]
    if len(others) < len(lines) and any(line.strip() for line in others):
        return "\n".join(others)
    bare, said = text.strip(), source.strip()
    for quote in ("", '"', "“", "«", "'"):
        begin = f"{quote}{said}"
        if bare.startswith(begin):
            rest = bare[len(begin) :].lstrip("\"”»' ")
            return _behind_separator(rest) or _behind_sentence(rest, said) or text
    return _ahead_of_echo(bare, letters) or text


def _without_head_line(source: str, text: str) -> str:
    head, _, rest = text.lstrip().partition("\n")
    is_head = len(plain(head).split()) <= _LABEL_WORDS and mentions(head, _TRANSLATION)
    return rest if rest.strip() and is_head and not _speaks_of_it(source) else text


def _dashed_label(text: str, target: Language) -> re.Match[str] | None:
    """Return the dash behind a language's name or the word for a translation alone."""
    match = _DASH.search(text[:_HEAD_CHARS])
    if match is None:
        return None
    words = plain(text[: match.start()]).split()
    return match if len(words) == 1 and _is_label(words[0], target) else None


def has_bracket(text: str) -> bool:
    """Whether a text has any bracket beyond its first character."""
    return any(mark in text[1:] for mark in _BRACKETS if mark != "{")


def _may_be_label(head: str) -> bool:
    """Whether only a short reply such as ``Sure!`` stands ahead of a head's own sentence."""
    if not head.strip() or any(mark in head for mark in "()（）{}"):
        return False
    begin = max(head.rfind(mark, 0, len(head.rstrip()) - 1) for mark in ".!?。！？\n")
    return len(plain(head[: begin + 1]).split()) < _LABEL_WORDS


def _is_label(head: str, target: Language) -> bool:
    words = plain(head).strip()
    bare = words.rstrip("0123456789 ")
    names = {target.english_name.casefold(), target.base, plain(target.tag).strip()}
    names |= {plain(name).strip() for name in _own_names(target)}
    count = len(words.split())
    if bare in _LABEL or words in names or bare in _NOTE_ALONE - {"or", "not", "ton"}:
        return True
    if mentions(head, _TRANSLATION):
        return True
    return count <= _LABEL_WORDS and any(
        name and words.startswith(name) for name in names if len(name) > 3
    )


def _own_names(target: Language) -> tuple[str, ...]:
    return _AUTONYMS.get(target.base, ())


def _speaks_of_it(source: str) -> bool:
    return mentions(source, _TRANSLATION)


def _without_bracketed(source: str, text: str) -> str:
    if _bracket_count(text) <= _bracket_count(source):
        return text
    bare = text.rstrip()
    tail = bare[-1:] if bare[-1:] in ".。!?" else ""
    body = bare[: len(bare) - len(tail)] if bare[-2:-1] in _CLOSING else bare
    if body[-1:] in _CLOSING:
        begin = body.rfind(_CLOSING[body[-1]])
        if begin > 0 and _is_remark(body[begin + 1 : -1], source):
            return body[:begin].rstrip()
    if body[:1] in _BRACKETS and (end := body.find(_BRACKETS[body[0]])) > 0:
        rest = bare[end + 1 :].strip()
        if rest and _is_remark(body[1:end], source):
            return rest
    return text


def _bracket_count(text: str) -> int:
    return sum(text.count(mark) for mark in _BRACKETS)


def _is_remark(content: str, source: str) -> bool:
    words = plain(content).strip()
    head = _COLONS.split(content[:_HEAD_CHARS], maxsplit=1)[0]
    return (
        plain(head).strip() in _NOTE_ALONE
        or mentions(content, _REMARK)
        or (mentions(content, _TRANSLATION) and not _speaks_of_it(source))
        or words == plain(source).strip()
        or words.split(" ", 1)[0] in _NOTE_ALONE
    )


def _without_note_lines(source: str, text: str) -> str:
    """Cut a note that begins a line of its own or follows a whole sentence."""
    if mentions(source, _NOTE) and _COLONS.search(source):
        return text
    for match in _COLONS.finditer(text):
        label = text[max(0, match.start() - _HEAD_CHARS) : match.start()]
        label = label[max(_end_of_last(label, mark) for mark in _NOTE_BEGINS) :]
        begin = match.start() - len(label)
        if begin > 0 and text[:begin].strip() and plain(label).strip() in _NOTE_ALONE:
            return text[:begin].rstrip(" \n*—")
    return text


def _end_of_last(text: str, mark: str) -> int:
    """Return where the last mark in a text ends; 0 where there is none."""
    place = text.rfind(mark)
    return place + len(mark) if place >= 0 else 0


def _is_echo(line: str, letters: str) -> bool:
    """Whether a line is the source, perhaps behind a label."""
    words = plain(line).strip()
    head = words.removesuffix(letters)
    return head != words and len(head.split()) < _LABEL_WORDS


def _behind_separator(rest: str) -> str:
    bare = rest.lstrip(" ")
    if bare[:1] in _BRACKETS and bare.endswith(_BRACKETS[bare[0]]):
        return bare[1:-1].strip()
    return bare.lstrip(_SEPARATORS + " ") if bare[:1] and bare[0] in _SEPARATORS else ""


def _behind_sentence(rest: str, said: str) -> str:
    """Return what follows the line without a separator, where the line is a whole sentence."""
    is_sentence = said[-1] in ".!?。！？।" and len(said) > 2 * _ECHO_LETTERS
    return rest.strip() if is_sentence and any(map(str.isalpha, rest)) else ""


def _ahead_of_echo(bare: str, letters: str) -> str:
    """Return what stands ahead of the line, which stands at the end between brackets or so."""
    for mark in ("\n", " / ", " = ", " — ", " – ", " | ", "(", "[", "（"):
        begin, _, end = bare.rpartition(mark)
        if begin.strip() and plain(end).strip() == letters:
            return begin.rstrip()
    return ""


_AUTONYMS: dict[str, tuple[str, ...]] = {
    "ar": ("العربية", "بالعربية"), "bg": ("български", "на български"), "cs": ("čeština", "česky"),
    "da": ("dansk", "på dansk"), "de": ("deutsch", "auf deutsch"),
    "el": ("ελληνικά", "στα ελληνικά"),
    "en": ("english", "in english"), "es": ("español", "en español", "castellano"),
    "fa": ("فارسی", "به فارسی"), "fi": ("suomi", "suomeksi"), "fr": ("français", "en français"),
    "he": ("עברית", "בעברית"), "hi": ("हिन्दी", "हिंदी", "हिंदी में"), "hu": ("magyar", "magyarul"),
    "id": ("bahasa indonesia", "indonesia"), "it": ("italiano", "in italiano"),
    "ja": ("日本語", "日本語訳"), "ko": ("한국어", "한국어로"), "nb": ("norsk", "på norsk"),
    "nl": ("nederlands", "in het nederlands"), "no": ("norsk", "på norsk"),
    "pl": ("polski", "po polsku"), "pt": ("português", "em português"),
    "ro": ("română", "în română"), "ru": ("русский", "по-русски", "на русском"),
    "sk": ("slovenčina", "slovensky"), "sv": ("svenska", "på svenska"), "th": ("ภาษาไทย", "ไทย"),
    "tr": ("türkçe",), "uk": ("українська", "українською"), "vi": ("tiếng việt",),
    "zh": ("中文", "简体中文", "繁體中文", "汉语", "中文翻译"),
}  # fmt: skip
"""Languages' own names, as labels have them."""
