"""`hls` as an option of operations that make media: what they made, packaged for streaming too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from app.services.operations.hls_packaging import HlsPlan, package
from app.services.operations.operation import OperationResult, OutputFile
from app.services.operations.operation_context import OperationContext, OperationProgress

_PERCENT = 15
"""Share of the time that packaging takes, about: what operations make is copied mostly."""


async def with_playlists(
    run: Callable[[OperationContext], Awaitable[OperationResult]], context: OperationContext
) -> OperationResult:
    """Do an operation and package the files that it made for streaming, beside the files.

    Each file's entry gets ``playlist_url``, and ``hls`` with what is told of the stream.

    Args:
        run: does the operation.
        context: of both.

    Raises:
        CuestreamError: the operation failed, or segments cannot be made or stored.
    """
    steps = 2

    def tell(progress: OperationProgress) -> None:
        nonlocal steps
        steps = progress.total_steps + 1
        context.tell(replace(progress, total_steps=steps))

    begin, end = context.part
    split = end - (end - begin) * _PERCENT / 100
    result = await run(replace(context, tell=tell, part=(begin, split)))
    packaging = replace(context, part=(split, end), step=steps, total_steps=steps)
    files: list[OutputFile] = []
    notices = [*result.notices]
    for number, file in enumerate(result.files):
        made, told = await _packaged(file, _part(packaging, number, len(result.files)))
        files.append(made)
        notices += told
    return replace(result, files=tuple(files), notices=tuple(notices))


def _part(context: OperationContext, number: int, count: int) -> OperationContext:
    begin, end = context.part
    width = (end - begin) / count
    return replace(context, part=(begin + number * width, begin + (number + 1) * width))


async def _packaged(
    file: OutputFile, context: OperationContext
) -> tuple[OutputFile, tuple[tuple[str, str], ...]]:
    """Return a file with what is told of its stream, and notices of what is left out there."""
    facts = await context.facts(file.path)
    made = await package(HlsPlan(file.path, facts, tells_early=False), (), context)
    told = dict(made.fields)
    playlist = {"playlist_url": told.pop("playlist_url")}
    return replace(file, fields={**file.fields, **playlist, "hls": told}), made.notices
