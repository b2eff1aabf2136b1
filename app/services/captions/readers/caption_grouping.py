"""Grouping of a caption file's lines into captions, whatever is missing between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.services.captions.caption_faults import FaultKind, FaultLog
from app.services.captions.readers.caption_blocks import CLOCK_MAP, Block, FileLine
from app.services.captions.readers.caption_numbers import drop_cut_caption, take_number

_NUMBERED_SHARE = 2
"""A file is numbered where one of so many captions has a number above its time line."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """The captions of a file.

    Attributes:
        blocks: in the file's order; their bodies hold no number or identifier.
        headers: lines of each WebVTT header, and the segment that it begins.
    """

    blocks: Sequence[Block]
    headers: Sequence[tuple[int, Sequence[FileLine]]]


def group(lines: Iterable[FileLine], *, log: FaultLog) -> Grouped:
    """Return the captions of a file.

    The number above a time line belongs to it, not to the text above: where the file is numbered,
    or where the number continues the count. In WebVTT the line above is an identifier wherever a
    blank line precedes it, and text ends at a blank line (W3C WebVTT, section 6.1); in SubRip
    blank lines belong to the text.

    Args:
        lines: of the file.
        log: takes text that belongs to no caption, and numbers out of their places.
    """
    head, blocks, headers = _divided(lines)
    numbered = _is_numbered(head, blocks)
    above = [head, *(block.body for block in blocks[:-1])] if blocks else []
    last = 0
    for index, (body, block) in enumerate(zip(above, blocks, strict=True)):
        take_number(body, block, last, numbered=numbered, first=index == 0, log=log)
        last = block.number if block.number is not None else last + 1
    if blocks:
        drop_cut_caption(blocks[-1].body, last + 1, numbered=numbered, log=log)
    separated = bool(blocks) and blocks[0].time.separated
    _log_stray(head if not separated else _without_information(head), log)
    for block in blocks:
        if block.segment:
            _end_at_blank(block, log)
    return Grouped(_unwrapped(blocks, log), headers)


def _divided(
    lines: Iterable[FileLine],
) -> tuple[list[FileLine], list[Block], list[tuple[int, list[FileLine]]]]:
    """Return the lines ahead of the first time line, the blocks, and the headers."""
    head: list[FileLine] = []
    blocks: list[Block] = []
    headers: list[tuple[int, list[FileLine]]] = []
    segment, in_header = 0, False
    for line in lines:
        if line.role == "header":
            # A blank line may stand between a segment's first line and its clock.
            late = line.text.lstrip().upper().startswith(CLOCK_MAP)
            if not in_header and not (late and headers and _is_empty(blocks, segment)):
                segment += 1
                headers.append((segment, []))
            headers[-1][1].append(line)
        elif line.time is not None:
            blocks.append(Block(line, line.time, segment=segment))
        elif line.role != "aside":
            (blocks[-1].body if blocks else head).append(line)
        else:
            (blocks[-1].body if blocks else head).append(replace(line, text="", role="blank"))
        in_header = line.role == "header"
    return head, blocks, headers


def _is_empty(blocks: Sequence[Block], segment: int) -> bool:
    """Whether a segment has no captions so far."""
    return not blocks or blocks[-1].segment < segment


def _is_numbered(head: Sequence[FileLine], blocks: Sequence[Block]) -> bool:
    above = [head, *(block.body for block in blocks[:-1])]
    numbers = sum(1 for body in above if body and body[-1].role == "number")
    return numbers * _NUMBERED_SHARE >= len(blocks)


def _end_at_blank(block: Block, log: FaultLog) -> None:
    """End a WebVTT caption's text at its first blank line and log what follows.

    YouTube's automatic captions have lines of one space, which are not blank in that sense; where
    a program trimmed the space, the text begins below the blank line.
    """
    body = block.body
    begin = next((index for index, line in enumerate(body) if not _ends_text(line)), len(body))
    rest = (index for index in range(begin, len(body)) if _ends_text(body[index]))
    end = next(rest, len(body))
    _log_stray(body[end:], log)
    block.body = body[begin:end]


def _without_information(head: Sequence[FileLine]) -> list[FileLine]:
    """Return the lines ahead of a SubViewer file's captions without its own head."""
    return [line for line in head if not line.text.lstrip("\ufeff ").startswith("[")]


def _ends_text(line: FileLine) -> bool:
    return line.role == "blank" and not line.text


def _log_stray(body: Iterable[FileLine], log: FaultLog) -> None:
    """Log runs of lines that belong to no caption; numbers alone say nothing."""
    for run in _runs(body):
        texts = [line for line in run if line.role == "text"]
        if texts:
            log.add(FaultKind.NO_CAPTION, run[0].number, texts[0].text.strip(), last=run[-1].number)


def _runs(body: Iterable[FileLine]) -> Iterator[list[FileLine]]:
    run: list[FileLine] = []
    for line in body:
        if line.role != "blank":
            run.append(line)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _unwrapped(blocks: Sequence[Block], log: FaultLog) -> list[Block]:
    """Join a time line that has no end with the one below it that holds nothing else."""
    joined: list[Block] = []
    for block in blocks:
        before = joined[-1] if joined else None
        if before is not None and _continues(before, block):
            time = replace(
                before.time,
                end=block.time.end or block.time.start,
                faults=(FaultKind.WRAPPED,),
                alone=False,
            )
            joined[-1] = replace(before, time=time, body=block.body)
        else:
            joined.append(block)
    return joined


def _continues(before: Block, block: Block) -> bool:
    if before.time.end is not None or before.time.start is None or block.number is not None:
        return False
    if any(line.role != "blank" for line in before.body):
        return False
    # A line ahead stands two further on where every other line was blank.
    if block.line.number > before.line.number + 2 or block.time.times != 1:
        return False
    return block.time.start is None or not before.time.alone or block.time.alone
