"""Caption lines that are lost in silence.

2,000 damaged files are read, each made from its number with one to three kinds of damage. Every
line of text has to be in a caption, at its time where the file still says it, or a notice has to
name it; no caption may show what stood on a time line. A file that cannot be read at all has to say
which line is the first that cannot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from app.domain.captions import Captions
from app.domain.errors import InvalidCaptionsError
from app.services.captions.encoding import decode_text
from app.services.captions.parse import parse_captions
from app.services.captions.readers.caption_blocks import split_lines
from bench.damaged_captions import DamagedFile, WrittenCaption, damaged_file, joined_file
from bench.figure import Figure, Goal
from bench.measure import BenchEnvironment

LOST = Goal("caption_lines_lost", 0, "lines")

FILES = 2000
_JOINED_EACH = 10
_TOLERANCE_MS = 5
_TIME_IN_TEXT = re.compile(r"\d ?[:：;∶.,，] ?\d|--|->|=>|→")
_PLACES = re.compile(r"lines? ([0-9]+)(?: to ([0-9]+))?")

Reader = Callable[[bytes, str], Captions]


def read(data: bytes, format_name: str) -> Captions:
    """Read a file as one that its sender typed."""
    return parse_captions(data, format_name, "en", "manual")


async def measure(environment: BenchEnvironment) -> Sequence[Figure]:
    """Return the lines that are lost."""
    lost = 0
    for seed in range(FILES):
        file = corpus_file(seed)
        found = list(lost_lines(file))
        lost += len(found)
        environment.progress.now(f"caption lines: {seed + 1} of {FILES} files, {lost} lost")
        for line in found[:1]:
            environment.progress.step(f"caption lines: file {seed}, {file.kinds}: {line}")
    return [LOST.reached(lost)]


def corpus_file(seed: int) -> DamagedFile:
    """Return a file of the corpus; each tenth is joined from segments."""
    return joined_file(seed) if seed % _JOINED_EACH == 0 else damaged_file(seed)


def lost_lines(file: DamagedFile, reader: Reader = read) -> Iterator[str]:
    """Yield each line that is neither shown nor named, and each that is shown and is none."""
    lines = [line.strip() for line in split_lines(decode_text(file.data).replace("\\n", "\n"))]
    places = {line: number for number, line in enumerate(lines, start=1) if line}
    try:
        captions = reader(file.data, file.format_name)
    except InvalidCaptionsError as error:
        readable = [each for each in file.captions if _is_whole(each, lines)]
        if readable or (places and not _PLACES.search(error.message)):
            yield f"refused: {error.message}"
        return
    yield from (item.text for item in captions.items if _TIME_IN_TEXT.search(item.text))
    named = _named_lines(captions)
    for written in file.captions:
        yield from _untold(written, captions)
        for text in written.texts:
            if text.startswith("The ") and text in places:
                yield from _missing(text, written, captions, places[text] in named)


def _untold(written: WrittenCaption, captions: Captions) -> Iterator[str]:
    """Yield what was repaired or left out of a caption that is shown, and what no notice tells."""
    shown = [item.text.split() for item in captions.items if written.texts[-1] in item.text]
    if not shown or captions.notices:
        return
    if not written.times.usual:
        yield f"nothing is told of {written.times.text!r}"
    yield from (
        text
        for text in written.texts
        if text.isdecimal() and not any(text in words for words in shown)
    )


def _missing(
    text: str, written: WrittenCaption, captions: Captions, is_named: bool
) -> Iterator[str]:
    shown = [item for item in captions.items if text in item.text]
    if not shown:
        if not is_named:
            yield text
        return
    start_ms, end_ms = written.times.start_ms, written.times.end_ms
    starts = {item.span.start_ms for item in shown}
    if start_ms is not None and all(abs(start_ms - each) > _TOLERANCE_MS for each in starts):
        yield f"{text} at {sorted(starts)} ms for {start_ms} ms ({written.times.text!r})"
    ends = {item.span.end_ms for item in shown}
    if end_ms is not None and all(abs(end_ms - each) > _TOLERANCE_MS for each in ends):
        yield f"{text} until {sorted(ends)} ms for {end_ms} ms ({written.times.text!r})"


def _is_whole(written: WrittenCaption, lines: Sequence[str]) -> bool:
    """Whether a caption that can be read stands in a file that may have been cut."""
    if written.times.start_ms is None and written.times.end_ms is None:
        return False
    return written.texts[-1] in lines


def _named_lines(captions: Captions) -> set[int]:
    """Return the numbers of lines that notices name as unusable."""
    named: set[int] = set()
    for notice in captions.notices:
        if notice.code == "caption_lines_unusable":
            for first, last in _PLACES.findall(notice.message):
                named.update(range(int(first), int(last or first) + 1))
    return named
