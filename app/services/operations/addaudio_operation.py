"""`addaudio`: a video with another sound, whose lengths are made one."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import Field

from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.media_facts import MediaFacts, VideoStream
from app.services.media.picture_graph import even_sides, video_of
from app.services.operations.clip_graphs import (
    AAC,
    constant_rate,
    exact_frames,
    frames_in,
    shown_picture,
)
from app.services.operations.container_tracks import lost_tracks
from app.services.operations.fetched_clips import fetched_clip, fetched_sound
from app.services.operations.joined_clips import size_of, write_with_sound
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationResult,
    OutputFile,
    PackagedInput,
)
from app.services.operations.operation_context import OperationContext

AudioFit = Literal["video", "audio", "pad", "cut"]

_LEAST_TEMPO, _MOST_TEMPO = 0.5, 100.0
"""Source: ffmpeg's documentation of ``atempo``."""


class AddAudioInput(PackagedInput):
    """Input of `addaudio`."""

    url_video: MediaSource = Field(description="Address of the video")
    url_audio: MediaSource = Field(description="Address of the sound")
    fit: AudioFit = Field(
        "video",
        description="`video` changes the video's speed so that it is as long as the sound, `audio` "
        "the tempo of the sound. `pad` makes the shorter one longer, by silence or by the last "
        "picture; `cut` makes the longer one shorter.",
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is put together.

    Attributes:
        video: file with the video.
        facts: of that file.
        stream: the video.
        video_ms: its length.
        sound: file with the sound.
        sound_ms: its length.
        output: file to write.
    """

    video: Path
    facts: MediaFacts
    stream: VideoStream
    video_ms: int
    sound: Path
    sound_ms: int
    output: Path


async def add_audio(wanted: AddAudioInput, context: OperationContext) -> OperationResult:
    """Give a video another sound.

    Raises:
        CuestreamError: the video or the sound cannot be fetched or read, or ffmpeg failed.
    """
    fetching, hearing, writing = context.steps(1, 1, 8)
    video, facts = await fetched_clip(fetching, wanted.url_video, "video")
    stream = video_of(facts)
    sound, sound_ms = await fetched_sound(hearing, wanted.url_audio, "sound", AAC, ".m4a")
    video_ms = stream.duration_ms or facts.duration_ms
    output = context.folder / "with-audio.mp4"
    parts = _Parts(video, facts, stream, video_ms, sound, sound_ms, output)
    encoder = await _WAYS[wanted.fit](writing, parts)
    return OperationResult(
        (OutputFile(output, f"{uuid.uuid4()}_with_audio.mp4"),),
        "Audio added successfully with duration sync",
        {"speed_factor": round(video_ms / sound_ms, 3), "fit": wanted.fit, "encoder": encoder},
        notices=tuple(await lost_tracks(video, facts)),
    )


async def _fit_video(context: OperationContext, parts: _Parts) -> str:
    """Stretch or hasten the video to the length of the sound."""
    rate = constant_rate(parts.stream)
    factor = Fraction(parts.sound_ms, parts.video_ms)
    picture = shown_picture(media_input(parts.video), parts.stream)
    fitted = picture.filter("setpts", f"(PTS-STARTPTS)*{factor.numerator}/{factor.denominator}")
    return await _encoded(context, parts, fitted, rate, parts.sound_ms)


async def _fit_audio(context: OperationContext, parts: _Parts) -> str:
    """Stretch or hasten the sound to the length of the video, at its pitch."""
    tempo = parts.sound_ms / parts.video_ms
    track = media_input(parts.sound)["a:0"]
    for factor in tempo_factors(tempo):
        track = track.filter("atempo", factor)
    return await _with_picture(context, parts, _as_long(track, parts.video_ms), parts.video_ms)


async def _pad(context: OperationContext, parts: _Parts) -> str:
    """Make the shorter one longer: by silence, or by the last picture."""
    track = media_input(parts.sound)["a:0"]
    if parts.sound_ms <= parts.video_ms:
        track = _as_long(track, parts.video_ms)
        return await _with_picture(context, parts, track, parts.video_ms)
    picture = shown_picture(media_input(parts.video), parts.stream)
    return await _encoded(context, parts, picture, constant_rate(parts.stream), parts.sound_ms)


async def _cut(context: OperationContext, parts: _Parts) -> str:
    """Make the longer one shorter."""
    length_ms = min(parts.video_ms, parts.sound_ms)
    track = _as_long(media_input(parts.sound)["a:0"], length_ms)
    if parts.video_ms <= parts.sound_ms:
        return await _with_picture(context, parts, track, length_ms)
    picture = shown_picture(media_input(parts.video), parts.stream)
    return await _encoded(context, parts, picture, constant_rate(parts.stream), length_ms)


_WAYS: dict[AudioFit, Callable[[OperationContext, _Parts], Awaitable[str]]] = {
    "video": _fit_video,
    "audio": _fit_audio,
    "pad": _pad,
    "cut": _cut,
}


def tempo_factors(tempo: float) -> list[float]:
    """Return the factors of `atempo` whose product is a tempo, each within its bounds."""
    factors = []
    while tempo < _LEAST_TEMPO:
        factors.append(_LEAST_TEMPO)
        tempo /= _LEAST_TEMPO
    while tempo > _MOST_TEMPO:
        factors.append(_MOST_TEMPO)
        tempo /= _MOST_TEMPO
    return [*factors, tempo]


def _as_long(track: GraphNode, length_ms: int) -> GraphNode:
    return track.filter("apad").filter("atrim", end=length_ms / 1000)


async def _encoded(
    context: OperationContext, parts: _Parts, picture: GraphNode, rate: Fraction, length_ms: int
) -> str:
    """Encode a picture with the sound at a length; return the encoder's name."""
    frames = max(1, frames_in(length_ms, rate))
    even = even_sides(exact_frames(picture, rate, frames))
    track = media_input(parts.sound)["a:0"]
    whole = parts.sound_ms <= length_ms
    sound = track if whole else track.filter("atrim", end=length_ms / 1000)

    def build(encoder: dict[str, object]) -> GraphNode:
        heard: dict[str, object] = {"c:a": "copy"} if whole else AAC
        return media_output(parts.output, even, sound, **encoder, **heard, movflags="+faststart")

    room = size_of(parts.sound)
    return await context.encode(build, parts.output, length_ms, copied_bytes=room)


async def _with_picture(
    context: OperationContext, parts: _Parts, track: GraphNode, length_ms: int
) -> str:
    clip = (parts.video, parts.facts)
    return await write_with_sound(context, clip, track, parts.output, length_ms)


ADD_AUDIO = MediaOperation(
    name="addaudio",
    summary="Give a video another sound, and make both equally long",
    input=AddAudioInput,
    run=add_audio,
    required=(("url_video",), ("url_audio",)),
    example={
        "url_video": "https://example.com/talk.mp4",
        "url_audio": "https://example.com/voice.mp3",
    },
)
