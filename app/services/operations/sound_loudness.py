"""Every sound of a file at a loudness by EBU R128, and the report of it."""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import InvalidFieldError, UnreadableMediaError
from app.services.media.ffmpeg_graph import GraphNode, media_input
from app.services.media.loudness import Loudness, measure_loudness, normalized
from app.services.media.media_facts import MediaFacts
from app.services.operations.operation_context import OperationContext

_MOST_NORMALIZED = 32


async def normalized_tracks(
    context: OperationContext, path: Path, facts: MediaFacts, target_lufs: float
) -> list[tuple[GraphNode, Loudness]]:
    """Return every audio track of a file that can be decoded at a loudness, with what was measured.

    Raises:
        UnreadableMediaError: the file has no sound.
        InvalidFieldError: it has too many tracks: each is decoded as a whole.
        FfmpegError: a track cannot be decoded.
    """
    sounds = facts.sounds
    if not sounds:
        raise UnreadableMediaError("The media has no audio")
    if len(sounds) > _MOST_NORMALIZED:
        raise InvalidFieldError(f"loudness: at most {_MOST_NORMALIZED} audio tracks")
    source, ffmpeg = media_input(path), context.services.ffmpeg
    tracks: list[tuple[GraphNode, Loudness]] = []
    for number, each in enumerate(sounds):
        context.progress("measuring_loudness", 100 * number / len(sounds))
        measured = await measure_loudness(ffmpeg, path, facts.duration_ms, target_lufs, each.index)
        tracks.append((normalized(source[str(each.index)], measured, target_lufs), measured))
    return tracks


def loudness_payload(measured: Loudness, target_lufs: float) -> dict[str, object]:
    """Return the report of a loudness; silence has none."""
    if measured.is_silent:
        return {"measured_lufs": None, "target_lufs": target_lufs, "normalized": False}
    return {
        "measured_lufs": measured.integrated_lufs,
        "measured_peak_dbtp": measured.peak_dbtp,
        "measured_range_lu": measured.range_lu,
        "target_lufs": target_lufs,
        "normalized": True,
    }
