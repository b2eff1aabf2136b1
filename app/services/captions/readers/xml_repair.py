"""Repairs of text that is nearly XML, as caption files in the wild are."""

from __future__ import annotations

import html
import re

from app.services.captions.reading_notices import ReadingNotices

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 forbids (section 2.2)."""

_AMPERSAND = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,31});)?"
)
"""An ampersand that begins no reference which XML knows (section 4.6), with the name that follows
it where it looks like one of HTML's."""

_OPEN_BREAK = re.compile(r"<br[ \t]*+>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<(?:[A-Za-z0-9_.-]{1,64}:)?p[\s>]")
_PARAMETER = re.compile(
    r"(frameRate|frameRateMultiplier|subFrameRate|tickRate|timeBase|dropMode|lang)"
    r"=(\"[^\"<>&]{0,40}\"|'[^'<>&]{0,40}')"
)
_PREFIX = re.compile(r"[\s</]([A-Za-z_][A-Za-z0-9_-]{0,30}):[A-Za-z]")
_INNER_TAG = re.compile(
    r"</?(?!/?(?:[A-Za-z0-9_.-]{1,64}:)?(?:p|tt|body|br)[\s/>])[A-Za-z][^<>]{0,500}>", re.IGNORECASE
)
_HEAD_CHARS = 2**16
_MOST_PREFIXES = 64
_TAG = re.compile(r"</?[A-Za-z_][^<>]{0,1000}>")
_ROOT_NAME = re.compile(r"<[A-Za-z_][A-Za-z0-9_.:-]{0,80}")
_DECLARED = re.compile(r"xmlns:([A-Za-z_][A-Za-z0-9_-]{0,30})\s{0,4}=")
_PARAGRAPH_TAG = re.compile(r"<(/?)((?:[A-Za-z0-9_.-]{1,64}:)?p)[\s/>]")
_BROKEN_CLOSE = re.compile(r"</((?:[A-Za-z0-9_.-]{1,64}:)?p)[^A-Za-z0-9>:_<\n-]{0,3}(?=[\n<])")
_CLOSE = re.compile(r"</(?:[A-Za-z0-9_.-]{1,64}:)?p\s{0,8}>")


def mend_characters(text: str, notices: ReadingNotices) -> str:
    """Return a text without the characters that XML forbids; zeros go without a word."""
    text = text.replace("\0", "")
    mended, count = _FORBIDDEN.subn("", text)
    if count:
        notices.repaired("Characters that XML forbids are removed", count=count)
    return mended


def mend_markup(text: str, failed_at: int, notices: ReadingNotices, first_line: int) -> str:
    """Return a document with its stray ampersands, HTML entities and HTML breaks as XML.

    Args:
        text: of the document.
        failed_at: character at which it stops being XML.
        notices: take what is mended.
        first_line: of the document in its file.
    """
    place = f"line {line_of(text, failed_at, first_line)}"
    text, ampersands = _AMPERSAND.subn(_as_reference, text)
    if ampersands:
        notices.repaired("Ampersands and entities that XML does not know", place, ampersands)
    if "</br" not in text and "</BR" not in text:
        text, breaks = _OPEN_BREAK.subn("<br/>", text)
        if breaks:
            notices.repaired("Line breaks that are not closed", place, breaks)
    text, closes = _BROKEN_CLOSE.subn(r"</\1>", text)
    if closes:
        notices.repaired("Ends of paragraphs that are broken", place, closes)
    text, prefixes = _with_declared_prefixes(text)
    if prefixes:
        notices.repaired("Prefixes without a namespace", place, prefixes)
    text, paragraphs = _with_closed_paragraphs(text)
    if paragraphs:
        notices.repaired("Paragraphs that are not closed", place, paragraphs)
    return text


def broken_paragraph(text: str, failed_at: int) -> tuple[int, int] | None:
    """Return where the paragraph in which a document stops being XML begins and ends.

    None where that is in no paragraph, or where the paragraph has no end.
    """
    begin = failed_at
    if _PARAGRAPH.match(text, failed_at) is None:
        begin = max(text.rfind(mark, 0, failed_at + 1) for mark in ("<p ", "<p>", ":p ", ":p>"))
        begin = text.rfind("<", 0, begin + 1)
    if begin < 0 or text.startswith("</", begin):
        return None
    own = _CLOSE.search(text, begin, failed_at)
    next_one, closed = _PARAGRAPH.search(text, failed_at + 1), _CLOSE.search(text, failed_at)
    ends = [next_one.start()] if next_one is not None else []
    ends += [closed.end()] if closed is not None else []
    return (begin, min(ends)) if ends and own is None else None


def broken_tag(text: str, failed_at: int) -> tuple[int, int] | None:
    """Return where the tag at which a document stops being XML begins and ends; None for none."""
    begin = text.rfind("<", 0, failed_at + 1)
    end = text.find(">", max(begin, 0))
    is_own = begin >= 0 and end >= failed_at and _PARAGRAPH.match(text, begin) is None
    return (begin, end + 1) if is_own else None


def bare_paragraph(paragraph: str) -> str:
    """Return a paragraph without the tags within, closed; blank lines where there were none.

    The lines stay, so that places in what follows are still those of the file.
    """
    bare = without_inner_tags(paragraph)
    if _CLOSE.search(bare) is None and (tag := _PARAGRAPH.match(bare)) is not None:
        bare = f"{bare.rstrip()}</{tag[0][1:-1]}>"
    if bare == paragraph:
        return "\n" * paragraph.count("\n")
    return bare + "\n" * (paragraph.count("\n") - bare.count("\n"))


def paragraphs_alone(text: str) -> str | None:
    """Return a document of the paragraphs that a broken one holds; None where it holds none.

    Its parameters of time and its language stay. What its paragraphs stood in is lost.
    """
    parts: list[str] = []
    at = 0
    while (begin := _PARAGRAPH.search(text, at)) and (end := _CLOSE.search(text, begin.end())):
        # The lines stay, so that places are still those of the file.
        parts += ["\n" * text.count("\n", at, begin.start()), text[begin.start() : end.end()]]
        at = end.end()
    if not parts:
        return None
    body = "".join(parts)
    first = _PARAGRAPH.search(text)
    head = text[: first.start() if first is not None else 0][:_HEAD_CHARS]
    parameters = dict(_PARAMETER.findall(head))
    named = " ".join(f"{name}={value}" for name, value in parameters.items())
    prefixes = sorted(set(_PREFIX.findall(body)) - {"xml", "xmlns"})[:_MOST_PREFIXES]
    declared = " ".join(f'xmlns:{prefix}="urn:x:{prefix}"' for prefix in prefixes)
    return f"<tt {declared} {named}><body>{body}</body></tt>"


def without_inner_tags(text: str) -> str:
    """Return a document of paragraphs without the tags within those, line breaks apart."""
    return _INNER_TAG.sub("", text)


def has_paragraph(text: str) -> bool:
    """Whether a paragraph ends in a part of a document."""
    return _CLOSE.search(text) is not None


def paragraphs_in(text: str) -> int:
    """Return how many paragraphs begin in a part of a document."""
    return sum(1 for _ in _PARAGRAPH.finditer(text))


def line_of(text: str, place: int, first_line: int = 1) -> int:
    """Return the number of the line that a character stands in."""
    return first_line + text.count("\n", 0, place)


def _with_declared_prefixes(text: str) -> tuple[str, int]:
    """Return a document whose root declares all prefixes, and how many it did not declare."""
    root = _ROOT_NAME.search(text)
    if root is None:
        return text, 0
    used = {prefix for tag in _TAG.findall(text) for prefix in _PREFIX.findall(tag)}
    missing = sorted(used - set(_DECLARED.findall(text)) - {"xml", "xmlns"})[:_MOST_PREFIXES]
    declared = "".join(f' xmlns:{prefix}="urn:x:{prefix}"' for prefix in missing)
    return text[: root.end()] + declared + text[root.end() :], len(missing)


def _with_closed_paragraphs(text: str) -> tuple[str, int]:
    """Return a document in which no paragraph begins within another, and how many were closed."""
    parts: list[str] = []
    at, count, opened = 0, 0, ""
    for tag in _PARAGRAPH_TAG.finditer(text):
        if tag[1]:
            opened = ""
            continue
        if opened:
            parts += [text[at : tag.start()], f"</{opened}>"]
            at, count = tag.start(), count + 1
        end = text.find(">", tag.start())
        opened = "" if text.endswith("/", 0, max(0, end)) else tag[2]
    return "".join([*parts, text[at:]]), count


def lines_of(text: str, span: tuple[int, int], first_line: int = 1) -> str:
    """Return the numbers of the lines that a part of a document stands in, for people."""
    first, last = (line_of(text, place, first_line) for place in (span[0], span[1] - 1))
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _as_reference(match: re.Match[str]) -> str:
    """Return the character that an entity of HTML means; else an ampersand that is text."""
    if match[1] is not None:
        character = html.unescape(match[0])
        if character != match[0]:
            return html.escape(character)
    return "&amp;" + match[0][1:]
