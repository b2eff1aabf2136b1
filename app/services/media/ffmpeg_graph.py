"""Filter graphs of untrusted media, by ffmpeg-python."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ffmpeg

from app.services.media.ffmpeg_command import DEMUXERS

GraphNode = Any
"""A node of ffmpeg-python's, which has no types."""

_GLOBAL = (
    *("-hide_banner", "-nostdin", "-y", "-nostats", "-loglevel", "level+warning"),
    *("-progress", "pipe:1", "-stats_period", "0.5"),
)


def media_input(path: Path, demuxers: str = DEMUXERS, **options: object) -> GraphNode:
    """Return a file as an input that can open nothing else: no other file, no address.

    Args:
        path: of the file.
        demuxers: that may read it.
        options: of ffmpeg ahead of ``-i``, without their dash.
    """
    return ffmpeg.input(
        f"file:{path.absolute()}",
        protocol_whitelist="file",
        format_whitelist=demuxers,
        **options,
    )


def media_output(path: Path, *streams: GraphNode, **options: object) -> GraphNode:
    """Return an output into a file.

    Args:
        path: of the file; its ending chooses the container unless ``format`` does.
        streams: that are written, in order.
        options: of ffmpeg, without their dash; ``c:v`` and the like by ``**{"c:v": "copy"}``.
    """
    return ffmpeg.output(*streams, f"file:{path.absolute()}", **options)


def ffmpeg_command(outputs: GraphNode | Iterable[GraphNode]) -> list[str]:
    """Return the command line that makes one or more outputs of a graph.

    It writes its progress to standard output, and warnings and errors to its standard error, each
    line with its level.
    """
    nodes = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    merged = nodes[0] if len(nodes) == 1 else ffmpeg.merge_outputs(*nodes)
    return ["ffmpeg", *_GLOBAL, *ffmpeg.get_args(merged)]
