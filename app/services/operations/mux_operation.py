"""`mux`: subtitles as tracks of an MP4 or a Matroska file, which players switch on and off."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from app.domain.errors import InvalidFieldError
from app.domain.media import SubtitleTrack
from app.services.media.ffmpeg_command import DEMUXERS
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.loudness import LOUDEST_LUFS, QUIETEST_LUFS
from app.services.media.media_facts import MediaFacts
from app.services.media.subtitle_probe import listed_subtitles
from app.services.operations.audio_kinds import DEFAULT_KBPS
from app.services.operations.caption_operation import EditedCues, SubtitleSource
from app.services.operations.container_tracks import (
    CONTAINER_TYPES,
    Container,
    KeptTexts,
    copied_picture,
    holds_video,
    kept_sounds,
    kept_texts,
    lost_pictures,
    lost_sounds,
    own_container,
    sound_notices,
)
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationResult,
    OutputFile,
    PackagedInput,
)
from app.services.operations.operation_context import OperationContext
from app.services.operations.soft_subtitles import SoftFile, SoftTrack, soft_file
from app.services.operations.sound_loudness import loudness_payload, normalized_tracks

MOST_TRACKS = 50
_TEXT_DEMUXERS = f"{DEMUXERS},srt,ass,webvtt"
_TEXT_BYTES = 64 * 2**20


class MuxInput(PackagedInput):
    """Input of `mux`."""

    url_video: MediaSource = Field(description="Address of the video")
    tracks: list[SoftTrack] | None = Field(
        None, max_length=MOST_TRACKS, description="Subtitle tracks to write, in order"
    )
    url_srt: SubtitleSource | None = Field(
        None, description="Address or text of the subtitles, where there is one track"
    )
    subtitles: SubtitleSource | None = Field(None, description="The same as url_srt")
    job_id: str | None = Field(None, max_length=64, description="Subtitle job, as in a track")
    edited: EditedCues = False
    language: str | None = Field(None, max_length=35, description="Of the one track")
    title: str | None = Field(None, max_length=200, description="Of the one track")
    default: bool = Field(False, description="Of the one track")
    forced: bool = Field(False, description="Of the one track")
    hearing_impaired: bool = Field(False, description="Of the one track")
    profile: str | None = Field(None, max_length=40, description="Of the one track")
    container: Container | None = Field(
        None, description="mp4 or mkv; that of the video unless given"
    )
    keep_tracks: bool = Field(
        True, description="Whether subtitle tracks that the video has stay beside the new ones"
    )
    loudness: float | None = Field(
        None, ge=QUIETEST_LUFS, le=LOUDEST_LUFS, description="Loudness of the sound in LUFS"
    )

    @property
    def wanted_tracks(self) -> list[SoftTrack]:
        """The tracks to write: those listed, else the one that the fields describe."""
        if self.tracks:
            return self.tracks
        fields = {name: getattr(self, name) for name in SoftTrack.model_fields}
        return [SoftTrack(**fields)]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is written.

    Attributes:
        container: ``mp4`` or ``mkv``.
        kept: tracks of the video that stay.
        added: new tracks.
        notices: of what cannot stay.
    """

    container: str
    kept: KeptTexts
    added: tuple[SoftFile, ...]
    notices: tuple[tuple[str, str], ...]


async def mux(wanted: MuxInput, context: OperationContext) -> OperationResult:
    """Write subtitles as tracks of a video, whose picture and sound are copied.

    Raises:
        InvalidFieldError: the container cannot hold the picture.
        CuestreamError: the video or the subtitles cannot be fetched or read, or ffmpeg failed.
    """
    fetching, writing = context.steps(4, 6)
    path = await fetching.fetch(wanted.url_video, "video")
    facts = await fetching.facts(path)
    container = _container(wanted, facts)
    _check_picture(container, facts)
    plan = await _plan(wanted, container, path, fetching)
    output = context.folder / f"muxed.{container}"
    streams, options, fields = await _sound(wanted, path, facts, container, writing)
    source = media_input(path)
    pictures = [source["V?"]] if facts.video is not None else []
    kept = [source[f"s:{track.index}"] for track in plan.kept.tracks]
    added = [media_input(each.path, _TEXT_DEMUXERS, f=each.demuxer)["s:0"] for each in plan.added]
    fonts = [source["t?"]] if container == "mkv" else []
    options |= {"c:t": "copy"} if fonts else {}
    graph = media_output(
        output, *pictures, *streams, *kept, *added, *fonts, **options, **_track_options(plan)
    )
    told = lost_sounds(facts) if wanted.loudness else sound_notices(facts, container)
    told += lost_pictures(facts, keeps_videos=True)
    room = facts.size_bytes + _TEXT_BYTES
    await writing.run(graph, output, facts.duration_ms, copied_bytes=room)
    file = OutputFile(output, f"{uuid.uuid4()}_muxed.{container}", CONTAINER_TYPES[container])
    fields["tracks"] = [
        _track_payload(each, n + len(plan.kept.tracks)) for n, each in enumerate(plan.added)
    ]
    return OperationResult(
        (file,), "Subtitles added successfully", fields, notices=(*plan.notices, *told)
    )


def _container(wanted: MuxInput, facts: MediaFacts) -> str:
    if wanted.container is not None:
        return wanted.container
    ending = (wanted.output_filename or "").lower().rpartition(".")[2]
    return ending if ending in CONTAINER_TYPES else own_container(facts)


def _check_picture(container: str, facts: MediaFacts) -> None:
    video = facts.video
    if video is not None and not holds_video(container, video):
        raise InvalidFieldError(f"container: MP4 cannot hold {video.codec} video; choose mkv")


async def _plan(wanted: MuxInput, container: str, path: Path, context: OperationContext) -> _Plan:
    added = tuple(
        [
            await soft_file(track, number, context, keeps_style=container == "mkv")
            for number, track in enumerate(wanted.wanted_tracks)
        ]
    )
    notices = [notice for each in added for notice in each.notices]
    own = (await listed_subtitles(path)).subtitles if wanted.keep_tracks else ()
    kept = kept_texts(own, container)
    return _Plan(container, kept, added, (*notices, *kept.notices))


async def _sound(
    wanted: MuxInput, path: Path, facts: MediaFacts, container: str, context: OperationContext
) -> tuple[Sequence[GraphNode], dict[str, object], dict[str, object]]:
    """Return the streams of sound with the options of the output, and what is told of them."""
    options: dict[str, object] = {"map_metadata": 0, "map_chapters": 0}
    options |= copied_picture(facts.video, container)
    if container == "mp4":
        options["movflags"] = "+faststart"
    if wanted.loudness is not None and facts.sounds:
        tracks = await normalized_tracks(context, path, facts, wanted.loudness)
        told = loudness_payload(tracks[0][1], wanted.loudness)
        encoded: dict[str, object] = {"c:a": "aac", "b:a": f"{DEFAULT_KBPS}k"}
        return [stream for stream, _ in tracks], {**options, **encoded}, {"loudness": told}
    source = media_input(path)
    copied = [source[str(each.index)] for each in facts.sounds]
    return copied, {**options, **kept_sounds(facts, container, DEFAULT_KBPS)}, {}


def _track_options(plan: _Plan) -> dict[str, object]:
    """Return codecs, languages, titles and marks of the subtitle tracks."""
    options: dict[str, object] = {}
    any_default = any(each.track.default for each in plan.added)
    for number, track in enumerate(plan.kept.tracks):
        options[f"c:s:{number}"] = plan.kept.codec(track)
        if any_default:
            options[f"disposition:s:{number}"] = _marks_but_default(track)
    for number, each in enumerate(plan.added, len(plan.kept.tracks)):
        own = "ass" if each.demuxer == "ass" else "subrip"
        options[f"c:s:{number}"] = "mov_text" if plan.container == "mp4" else own
        options[f"disposition:s:{number}"] = each.dispositions
        title = " ".join(each.title.split())
        options |= {
            f"metadata:s:s:{number}#language": f"language={each.language_code(plan.container)}",
            f"metadata:s:s:{number}#title": f"title={title}",
        }
        if plan.container == "mp4" and title:
            # Players of MP4 read a track's name from its handler.
            options[f"metadata:s:s:{number}#handler"] = f"handler_name={title}"
    return options


def _marks_but_default(track: SubtitleTrack) -> str:
    return track.role if track.role in ("forced", "hearing_impaired") else "0"


def _track_payload(each: SoftFile, index: int) -> dict[str, object]:
    return {
        "index": index,
        "language": None if each.language == "und" else each.language,
        "title": each.title,
        "default": each.track.default,
        "forced": each.track.forced,
        "hearing_impaired": each.track.hearing_impaired,
    }


MUX = MediaOperation(
    name="mux",
    summary="Add subtitle tracks to a video",
    input=MuxInput,
    run=mux,
    required=(("url_video",), ("tracks", "url_srt", "subtitles", "job_id")),
    example={
        "url_video": "https://example.com/film.mkv",
        "tracks": [
            {"url_srt": "https://example.com/film.en.srt", "language": "en"},
            {"url_srt": "https://example.com/film.de.srt", "language": "de", "default": True},
        ],
    },
)
