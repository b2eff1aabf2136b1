"""Frames between the frames of a picture that changes seldom.

Recordings of a screen, slides and sound with a still picture may have one frame in ten seconds or
in an hour. What is drawn onto their frames changes with the frames alone.
"""

from __future__ import annotations

import ffmpeg

from app.services.media.ffmpeg_graph import GraphNode
from app.services.media.media_facts import MediaFacts

LONGEST_S = 0.1
"""How long a frame may stand before it is repeated."""

_LEAST_HELD_MS = 200
"""By how much sound commonly goes on behind the picture without anything to see."""


def held_ms(facts: MediaFacts) -> int:
    """Return for how long players hold the last picture of a file whose sound goes on.

    0 where the container does not tell how long its picture is.
    """
    if facts.video is None or not facts.video.duration_ms:
        return 0
    sound_ms = max((each.duration_ms for each in facts.sounds), default=0)
    rest_ms = sound_ms - facts.video.duration_ms
    return rest_ms if rest_ms >= _LEAST_HELD_MS else 0


def lasting_frames(facts: MediaFacts) -> bool:
    """Return whether a frame may last longer than ``LONGEST_S``, the last one included."""
    video = facts.video
    if video is None or not video.has_even_frames or held_ms(facts):
        return True
    return video.frame_rate < 1 / LONGEST_S


def shown_often(picture: GraphNode, hold_ms: int = 0) -> GraphNode:
    """Return a picture with its frames when they are, each repeated while it stands for long.

    Frames are copied by reference, and repeated ones are dropped again ahead of all work unless
    the picture stands still. That takes about a twentieth of the time of encoding.

    Args:
        picture: of whole frames; its marks of fields are lost.
        hold_ms: how long its last frame is repeated behind its end.
    """
    branches = picture.split()
    frames, copies = branches[0].filter("setfield", "prog"), branches[1]
    if hold_ms:
        copies = copies.filter("tpad", stop_mode="clone", stop_duration=hold_ms / 1000)
    # Rounded up, a frame is never repeated ahead of its own time.
    copies = copies.filter("fps", fps=1 / LONGEST_S, round="up").filter("setfield", "tff")
    mixed = ffmpeg.filter([frames, copies], "interleave")
    # The mark of fields tells copies from frames.
    apart = f"not(isnan(prev_selected_t))*gte(t-prev_selected_t,{LONGEST_S - 0.001:.3f})"
    chosen = mixed.filter("select", f"not(eq(interlace_type,TOPFIRST))+{apart}")
    return chosen.filter("setfield", "prog")
