"""SubRip (.srt) or WebVTT (.vtt): timing lines with text below them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.domain.style import Placement
from app.services.captions.raw_captions import RawCaption, RawTrack, TextRun
from app.services.captions.readers.timestamps import INLINE_TIME, TIMING_LINE, clock_ms
from app.services.captions.readers.vtt_looks import vtt_placement, vtt_regions, vtt_styles

_LINE_END = re.compile(r"\r\n?|\n")
_VOICE = re.compile(r"<v(?:\.[^\s<>]*+)?\s++([^<>]++)>")
_LANGUAGE = re.compile(r"language:\s*([A-Za-z0-9_-]+)\s*", re.IGNORECASE)
_HEAD_LINES = 10
_NON_CUE_BLOCKS = ("NOTE", "STYLE", "REGION")


def looks_like_srt(head: str) -> bool:
    """Whether a text has a timing line; XML with one in its text is no SubRip."""
    if head.startswith("<"):
        return False
    return any("-->" in line and TIMING_LINE.fullmatch(line) for line in head.splitlines())


def looks_like_vtt(head: str) -> bool:
    """Whether a text begins like a WebVTT file."""
    return head.startswith("WEBVTT")


def read_srt(text: str) -> RawTrack:
    """Read SubRip, also where numbers or blank lines between captions are missing.

    A blank line within a caption is part of it: only the next timing line ends the text.
    """
    return RawTrack(tuple(_caption(*block) for block in _blocks(_LINE_END.split(text))))


def read_vtt(text: str) -> RawTrack:
    """Read WebVTT; notes and identifiers are left out.

    Source: W3C WebVTT, section 6.1: a cue's text ends at the first blank line. YouTube's
    automatic captions have lines of one space, which are not blank in that sense; where a program
    trimmed the space, the text begins below the blank line.
    """
    lines = _LINE_END.split(text)
    named = (_LANGUAGE.fullmatch(line) for line in lines[:_HEAD_LINES])
    language = next((match[1] for match in named if match), "")
    regions = vtt_regions(lines)
    blocks = ((timing, _until_blank(body)) for timing, body in _blocks(lines))
    captions = tuple(_placed(_caption(*block), block[0], regions) for block in blocks)
    return RawTrack(captions, language, styles=vtt_styles(lines))


def _placed(
    caption: RawCaption, timing: re.Match[str], regions: Mapping[str, Placement]
) -> RawCaption:
    """Return a caption where the settings behind its times place it."""
    settings = timing.string[timing.end(2) :]
    text = "".join(run.text for run in caption.runs)
    return replace(caption, placement=vtt_placement(settings, regions, text))


def _blocks(lines: list[str]) -> Iterator[tuple[re.Match[str], list[str]]]:
    """Yield each timing line with the lines up to the next one's number or identifier."""
    timing: re.Match[str] | None = None
    body: list[str] = []
    for line in lines:
        # Most lines have no arrow, and the pattern is the slower test.
        found = TIMING_LINE.fullmatch(line) if "-->" in line else None
        if found is None:
            body.append(line)
            continue
        if timing is not None:
            yield timing, _without_identifier(body)
        timing, body = found, []
    if timing is not None:
        yield timing, body


def _without_identifier(body: list[str]) -> list[str]:
    """Drop the line right above the next timing line where it is that cue's identifier."""
    if not body:
        return body
    last = body[-1].strip()
    after_blank = len(body) == 1 or not body[-2].strip()
    if last and (after_blank or last.isdecimal()):
        return body[:-1]
    return body


def _until_blank(body: list[str]) -> list[str]:
    begin = next((index for index, line in enumerate(body) if line), 0)
    if begin and body[begin].startswith(_NON_CUE_BLOCKS):
        return []
    return body[begin : body.index("", begin)] if "" in body[begin:] else body[begin:]


def _caption(timing: re.Match[str], body: list[str]) -> RawCaption:
    text = "\n".join(body)
    voices = {voice.strip() for voice in _VOICE.findall(text)}
    return RawCaption(
        clock_ms(timing[1]),
        clock_ms(timing[2]),
        tuple(_text_runs(text)),
        speaker=voices.pop() if len(voices) == 1 else None,
    )


def _text_runs(text: str) -> Iterator[TextRun]:
    first, *others = INLINE_TIME.split(text)
    yield TextRun(first)
    for stamp, words in zip(others[::2], others[1::2], strict=True):
        yield TextRun(words, clock_ms(stamp))
