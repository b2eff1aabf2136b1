"""Lengths of tracks whose container tells none: recorders in browsers write it without an end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.media_facts import MediaFacts, OtherStream, VideoStream

_FILMS = frozenset({"matroska", "mov", "flv", "ogg"})
"""Containers of films that pictures have not; AVIF and HEIC are told apart by their sound."""


def is_length_untold(facts: MediaFacts) -> bool:
    """Return whether a recording has tracks whose lengths its container does not tell.

    One picture has no length.
    """
    if facts.duration_ms or not _FILMS.intersection(facts.format_names):
        return False
    return bool(facts.sounds) or ("mov" not in facts.format_names and bool(_films(facts)))


def copied_tracks(path: Path, facts: MediaFacts, copy: Path) -> GraphNode:
    """Return the graph that copies a recording's tracks, undecoded, to a file that has lengths.

    Args:
        path: of the recording.
        facts: of it.
        copy: the file to write, in Matroska.
    """
    read = media_input(path)
    tracks: tuple[VideoStream | OtherStream, ...] = (*_films(facts), *facts.sounds)
    return media_output(copy, *(read[str(each.index)] for each in tracks), c="copy")


def with_lengths_of(facts: MediaFacts, copied: MediaFacts) -> MediaFacts:
    """Return what a recording holds with the lengths that the copy of its tracks tells.

    Args:
        facts: of the recording.
        copied: of the copy that `copied_tracks` makes.
    """
    video = facts.video
    if video is not None and copied.video is not None:
        video = replace(video, duration_ms=copied.video.duration_ms)
    lengths_ms = {
        own.index: copy.duration_ms for own, copy in zip(facts.sounds, copied.audio, strict=False)
    }

    def measured(sound: OtherStream) -> OtherStream:
        return replace(sound, duration_ms=lengths_ms.get(sound.index, 0))

    return replace(
        facts,
        duration_ms=copied.duration_ms,
        video=video,
        audio=tuple(measured(each) for each in facts.audio),
    )


def _films(facts: MediaFacts) -> tuple[VideoStream, ...]:
    """Return the video, if there is one that can be decoded."""
    return (facts.video,) if facts.video is not None and facts.video.decodable else ()
