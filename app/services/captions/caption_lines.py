"""Cleaned lines of a caption."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.domain.cue import Lane
from app.services.captions.raw_captions import TextRun

_RUBY_READING = re.compile(r"<(rt|rp)(?:\s[^<>]*)?>[^<]*(?:</\1>)?", re.IGNORECASE)
"""The pronunciation of a ruby text, which is shown above the text and is no part of it."""

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BARE_TAGS = "b|i|u|s|em|tt|rb|sub|sup|ruby|strong|strike"
_TAGS_WITH_ATTRIBUTES = "c|v|p|rt|rp|lang|span|font"
_TAG = re.compile(
    rf"</?(?:(?:{_BARE_TAGS})(?:\.[^<>\s]*)?|(?:{_TAGS_WITH_ATTRIBUTES})(?:[.\s][^<>]*+)?)\s*/?>",
    re.IGNORECASE,
)
"""The tags of caption files alone, written as those write them: ``a <b and c> d`` is
arithmetic."""

_STAMP = re.compile(r"<[0-9]+:[0-9:.,]+>")
_OVERRIDE = re.compile(r"\{(?:\\[^{}]*|[A-Za-z]:[^{}]*)\}")
"""SubStation's ``{\\an8}`` and MicroDVD's ``{y:i}``, which also occur in files of other formats."""

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2028-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]"
)
"""Controls, soft hyphens, zero-width spaces, directional embeddings (often unclosed) and
noncharacters. The joiners stay: Persian words and emoji are written with them."""

_SPACES = re.compile(r"[^\S\u00a0\u2007\u202f]+")


@dataclass(frozen=True, slots=True)
class CaptionLine:
    """One line as displayed.

    Attributes:
        runs: plain text; joined they equal ``text``, except for spaces at its edges.
        text: without markup, never blank.
    """

    runs: tuple[TextRun, ...]
    text: str

    @property
    def timed(self) -> bool:
        """Whether a part of it has a start time of its own."""
        return any(run.start_ms is not None for run in self.runs)


@dataclass(frozen=True, slots=True)
class TimedLines:
    """Lines with their display time; ``end_ms`` is later than ``start_ms``."""

    start_ms: int
    end_ms: int
    lines: tuple[CaptionLine, ...]
    speaker: str | None = None
    lane: Lane = "dialogue"


def clean_lines(runs: Iterable[TextRun]) -> tuple[CaptionLine, ...]:
    """Return the lines of a caption's text without markup; blank ones are left out."""
    rows: list[list[TextRun]] = [[]]
    for run in runs:
        first, *others = strip_markup(run.text).split("\n")
        rows[-1].append(TextRun(_collapse_spaces(first), run.start_ms))
        rows.extend([TextRun(_collapse_spaces(part), run.start_ms)] for part in others)
    return tuple(line for row in rows if (line := _line(row)) is not None)


def paragraph(lines: Sequence[CaptionLine]) -> str:
    """Return lines as one paragraph; a compound broken at its hyphen is rejoined."""
    return "".join(_with_spaces([line.text for line in lines]))


def strip_markup(text: str) -> str:
    """Return a text without markup; only its line breaks are preserved."""
    text = _BREAK.sub("\n", _RUBY_READING.sub("", text))
    text = _OVERRIDE.sub("", _STAMP.sub("", _TAG.sub("", text)))
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _INVISIBLE.sub("", text)


def _collapse_spaces(text: str) -> str:
    """Return a text with single spaces; one at its edge stays, since it separates words."""
    return _SPACES.sub(" ", text)


def _line(row: Sequence[TextRun]) -> CaptionLine | None:
    text = _collapse_spaces("".join(run.text for run in row)).strip()
    runs = tuple(run for run in row if run.text)
    return CaptionLine(runs, text) if text else None


def _with_spaces(texts: Sequence[str]) -> Iterator[str]:
    before = ""
    for text in texts:
        hyphenated = before[-1:] == "-" and before[-2:-1].isalpha() and text[:1].islower()
        if before and not hyphenated:
            yield " "
        yield text
        before = text
