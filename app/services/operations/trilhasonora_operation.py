"""`trilhasonora`: music under a video's own sound."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import ffmpeg
from pydantic import Field

from app.services.media.ffmpeg_command import DEMUXERS
from app.services.media.ffmpeg_graph import GraphNode, media_input
from app.services.media.media_facts import MediaFacts
from app.services.media.picture_graph import video_of
from app.services.operations.clip_graphs import SOUND_HZ, stereo_sound
from app.services.operations.container_tracks import lost_behind_first
from app.services.operations.drive_links import download_address
from app.services.operations.fetched_clips import fetched_clip, fetched_sound
from app.services.operations.joined_clips import write_with_sound
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationResult,
    OutputFile,
    PackagedInput,
)
from app.services.operations.operation_context import OperationContext
from app.system.child_limits import decoder_limits
from app.system.subprocesses import running

_BELOW_DB = 20.0
"""How far the music lies under the speech unless the request says how much quieter it gets."""
_MOST_DB = 40.0
_UNREADABLE_DB = -20.0
"""Level that is assumed where none can be measured. Source: what clients know."""
_SILENT_DB = -70.0

_MEAN = re.compile(r"mean_volume: (-?[0-9.]{1,12}|-inf) dB")

_LAYOUTS = {6: "5.1", 8: "7.1"}


class SoundtrackInput(PackagedInput):
    """Input of `trilhasonora`."""

    url_video: MediaSource = Field(description="Address of the video")
    trilha_sonora: MediaSource = Field(description="Address of the music")
    volume_reduction_db: float | None = Field(
        None,
        ge=0,
        le=_MOST_DB,
        allow_inf_nan=False,
        description="How much quieter the music gets; by default so much that it lies 20 dB under "
        "the video's sound",
    )

    @property
    def music(self) -> MediaSource:
        """The music; links to Google Drive lead to its bytes."""
        source = self.trilha_sonora
        return download_address(source) if isinstance(source, str) else source


async def add_soundtrack(wanted: SoundtrackInput, context: OperationContext) -> OperationResult:
    """Put music under a video; its picture is copied where MP4 holds it.

    Raises:
        CuestreamError: the video or the music cannot be fetched or read, or ffmpeg failed.
    """
    fetching, hearing, writing = context.steps(2, 2, 6)
    video, facts = await fetched_clip(fetching, wanted.url_video, "video")
    stream = video_of(facts)
    lossless: dict[str, object] = {"c:a": "flac"}
    music, music_ms = await fetched_sound(hearing, wanted.music, "music", lossless, ".flac")
    length_ms = stream.duration_ms or facts.duration_ms
    reduction_db = await _reduction_db(wanted, context, video, facts, music)
    loops = max(1, -(-length_ms // music_ms))
    mixed = _mixed(video, facts, (music, loops, reduction_db), length_ms)
    output = context.folder / "with-music.mp4"
    encoder = await write_with_sound(writing, (video, facts), mixed, output, length_ms)
    return OperationResult(
        (OutputFile(output, f"{uuid.uuid4()}_trilha.mp4"),),
        "Soundtrack added successfully",
        {
            "video_duration": round(length_ms / 1000, 3),
            "trilha_duration": round(music_ms / 1000, 3),
            "loops_applied": loops,
            "volume_reduction_db": round(reduction_db, 2),
            "gpu_accelerated": encoder.endswith("nvenc"),
            "encoder": encoder,
        },
        notices=tuple(await lost_behind_first(video, facts)),
    )


async def _reduction_db(
    wanted: SoundtrackInput, context: OperationContext, video: Path, facts: MediaFacts, music: Path
) -> float:
    if wanted.volume_reduction_db is not None:
        return wanted.volume_reduction_db
    if not facts.sounds:
        return 0.0
    limit_s = context.services.settings.jobs.max_duration_s
    speech_db = await mean_volume_db(video, facts.sounds[0].index, limit_s)
    music_db = await mean_volume_db(music, 0, limit_s)
    return min(_MOST_DB, max(0.0, music_db - speech_db + _BELOW_DB))


async def mean_volume_db(path: Path, index: int, max_duration_s: int) -> float:
    """Return the mean level of a track in dB of full scale; -20 where it is silent or unreadable.

    Source: ffmpeg's ``volumedetect``, by which clients know levels.
    """
    found: list[str] = []

    def on_line(line: str) -> None:
        if (match := _MEAN.search(line)) is not None:
            found.append(match[1])

    command = _volume_command(path, index)
    async with running(command, on_line=on_line, limits=decoder_limits(max_duration_s)) as child:
        await child.wait()
        child.check_limits("Measuring the sound")
    level = float(found[-1]) if found else _UNREADABLE_DB
    return level if level > _SILENT_DB else _UNREADABLE_DB


def _volume_command(path: Path, index: int) -> list[str]:
    return [
        *("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-protocol_whitelist", "file"),
        *("-format_whitelist", DEMUXERS, "-i", f"file:{path.absolute()}", "-map", f"0:{index}"),
        *("-af", "volumedetect", "-f", "null", "-"),
    ]


def _mixed(
    video: Path, facts: MediaFacts, music: tuple[Path, int, float], length_ms: int
) -> GraphNode:
    """Mix the music, so often and so much quieter, under the sound; its level stays as it is."""
    path, loops, reduction_db = music
    looped = media_input(path, stream_loop=loops - 1)["a:0"]
    quieter = looped.filter("volume", f"{-reduction_db:.2f}dB")
    end_s = length_ms / 1000
    if not facts.sounds:
        return quieter.filter("atrim", end=end_s)
    track = facts.sounds[0]
    layout = _LAYOUTS.get(track.channels, "stereo")
    heard = media_input(video)[str(track.index)]
    heard = heard.filter("aresample", SOUND_HZ, **{"async": 1, "first_pts": 0})
    if layout == "stereo":
        heard = stereo_sound(heard, track.channels)
    heard = heard.filter("aformat", channel_layouts=layout, sample_fmts="fltp")
    under = quieter.filter("aformat", channel_layouts=layout, sample_fmts="fltp")
    pair = [heard.filter("apad").filter("atrim", end=end_s), under]
    return ffmpeg.filter(pair, "amix", inputs=2, duration="first", normalize=0)


TRILHASONORA = MediaOperation(
    name="trilhasonora",
    summary="Put music under a video's own sound",
    input=SoundtrackInput,
    run=add_soundtrack,
    required=(("url_video",), ("trilha_sonora",)),
    example={
        "url_video": "https://example.com/talk.mp4",
        "trilha_sonora": "https://example.com/music.mp3",
    },
)
