"""Clips and sounds as they come from their sources, with a length that is measured."""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import EmptyMediaError, UnreadableMediaError
from app.services.media.ffmpeg_graph import media_input, media_output
from app.services.media.integrity import check_file, truncated_error
from app.services.media.media_facts import MediaFacts, media_facts
from app.services.media.picture_graph import video_of
from app.services.operations.clip_graphs import SOUND_BYTES_PER_S, SOUND_HZ, stereo_sound
from app.services.operations.drive_links import download_address
from app.services.operations.operation import MediaSource
from app.services.operations.operation_context import OperationContext


async def fetched_clip(
    context: OperationContext, source: MediaSource, name: str
) -> tuple[Path, MediaFacts]:
    """Return a clip and what it holds, its length included.

    Raises:
        UnreadableMediaError: it has no length: one picture, or nothing.
        TruncatedMediaError: it breaks off before its end.
        CuestreamError: it cannot be fetched or read.
    """
    path = await context.fetch(source, name)
    if (await check_file(path)).cut_off:
        raise truncated_error()
    facts = await media_facts(path)
    context.check_length(facts.duration_ms)
    if facts.duration_ms:
        return path, facts
    # Recorders in browsers write no length; a copy has one.
    copy = context.folder / f"{name}-copy.mkv"
    streams = [facts.video.index] if facts.video else []
    streams += [each.index for each in facts.sounds[:1]]
    if not streams:
        raise UnreadableMediaError("This is not audio or video that can be decoded")
    read = media_input(path)
    graph = media_output(copy, *(read[str(index)] for index in streams), c="copy")
    await context.run(graph, copy, 0, copied_bytes=2 * facts.size_bytes)
    facts = await context.facts(copy)
    if not facts.duration_ms:
        raise UnreadableMediaError("The clip has no length")
    return copy, facts


async def fetched_clips(
    context: OperationContext, sources: list[MediaSource]
) -> list[tuple[Path, MediaFacts]]:
    """Return clips and what each holds.

    Raises:
        UnreadableMediaError: one has no video, or no length.
        CuestreamError: one cannot be fetched.
    """
    clips = []
    for number, source in enumerate(sources):
        address = download_address(source) if isinstance(source, str) else source
        clip = await fetched_clip(context, address, f"source-{number}")
        video_of(clip[1])
        clips.append(clip)
    return clips


async def fetched_sound(
    context: OperationContext,
    source: MediaSource,
    name: str,
    options: dict[str, object],
    ending: str,
) -> tuple[Path, int]:
    """Return the sound of a file, encoded, and its length in milliseconds.

    What a container says of its length may be a guess, so the sound is measured once it is
    decoded.

    Raises:
        EmptyMediaError: it has no sound, or none of any length.
        CuestreamError: it cannot be fetched, read or encoded.
    """
    path, facts = await fetched_clip(context, source, name)
    if not facts.sounds:
        raise EmptyMediaError("The file has no sound")
    output = context.folder / f"{name}{ending}"
    track = media_input(path)[str(facts.sounds[0].index)]
    steady = track.filter("aresample", SOUND_HZ, **{"async": 1, "first_pts": 0})
    graph = media_output(output, stereo_sound(steady, facts.sounds[0].channels), **options)
    room = facts.duration_ms * SOUND_BYTES_PER_S // 1000 + facts.size_bytes
    await context.run(graph, output, facts.duration_ms, copied_bytes=room)
    made = await media_facts(output)
    if not made.duration_ms:
        raise EmptyMediaError("The sound has no length")
    told, measured = facts.duration_ms, made.duration_ms
    return output, told if abs(told - measured) <= 100 else measured
