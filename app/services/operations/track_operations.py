"""`tracks`: what a media file holds; `extract_track`: one of its subtitle tracks as a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from app.domain.errors import InvalidFieldError
from app.domain.language import Language, known_language
from app.domain.media import SubtitleTrack
from app.domain.profile import DEFAULT_PROFILE
from app.services.captions.parse import parse_bounded
from app.services.media.ffmpeg_graph import media_input, media_output
from app.services.media.media_facts import MediaFacts
from app.services.media.subtitle_probe import FileTracks, listed_subtitles
from app.services.media.subtitle_text import subtitle_text, text_format
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationInput,
    OperationResult,
    OutputFile,
)
from app.services.operations.operation_context import OperationContext
from app.services.render.file_writer import render_bounded
from app.services.render.formats import check_format
from app.services.stages.caption_cues import caption_cues
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors

_OWN_FORMATS = {"srt": "srt", "webvtt": "vtt", "ass": "ass"}
"""Formats that a track's text is taken over in, as formats of ours are named."""

_PICTURES_TYPE = "video/x-matroska"


class TracksInput(OperationInput):
    """Input of `tracks`."""

    url_video: MediaSource = Field(description="Address of the media")


class ExtractTrackInput(OperationInput):
    """Input of `extract_track`."""

    url_video: MediaSource = Field(description="Address of the media")
    track: int | None = Field(None, ge=0, description="Index among the subtitle tracks, from 0")
    language: str | None = Field(
        None, max_length=35, description="Language of the track, unless its index is given"
    )
    format: str | None = Field(
        None, max_length=10, description="srt, vtt, ass, ttml, json or txt; its own unless given"
    )


async def list_tracks(wanted: TracksInput, context: OperationContext) -> OperationResult:
    """Return the tracks of a media file.

    Raises:
        CuestreamError: it cannot be fetched or read.
    """
    path = await context.fetch(wanted.url_video, "media")
    facts, found = await context.facts(path), await listed_subtitles(path)
    return OperationResult((), "Tracks listed successfully", tracks_payload(facts, found))


def tracks_payload(facts: MediaFacts, found: FileTracks) -> dict[str, object]:
    """Return the tracks of a file as answers show them."""
    video = facts.video
    shown = None
    if video is not None:
        width, height = video.shown_size
        rate = round(float(video.frame_rate), 3) or None
        shown = {"codec": video.codec, "width": width, "height": height, "frame_rate": rate}
    return {
        "duration": facts.duration_ms / 1000,
        "size_bytes": facts.size_bytes,
        "container": facts.format_names[0] if facts.format_names else "",
        "video": shown,
        "audio": [
            {
                "index": track.index,
                "language": "/".join(track.languages) or None,
                "title": track.title,
                "role": track.role,
                "default": track.default,
                "codec": track.codec,
                "channels": track.channels,
            }
            for track in found.audio
        ],
        "subtitles": [_subtitle_payload(track) for track in found.subtitles],
    }


def _subtitle_payload(track: SubtitleTrack) -> dict[str, object]:
    return {
        "index": track.index,
        "language": None if track.language == "und" else track.language,
        "title": track.title,
        "role": track.role,
        "forced": track.role == "forced",
        "hearing_impaired": track.role == "hearing_impaired",
        "default": track.default,
        "codec": track.codec,
        "form": track.form,
    }


async def extract_track(wanted: ExtractTrackInput, context: OperationContext) -> OperationResult:
    """Return one subtitle track as a file: text in a format, pictures as they are.

    Raises:
        InvalidFieldError: there is no such track, or pictures are wanted as text.
        CuestreamError: the media cannot be fetched or read.
    """
    if wanted.format is not None:
        check_format(wanted.format)
    path = await context.fetch(wanted.url_video, "media")
    facts = await context.facts(path)
    track = _track_of((await listed_subtitles(path)).subtitles, wanted)
    fields = {"track": _subtitle_payload(track)}
    if track.form != "text":
        if wanted.format is not None:
            raise InvalidFieldError(f"format: track {track.summary} holds pictures, no text")
        output = context.folder / "track.mks"
        graph = media_output(
            output, media_input(path)[f"s:{track.index}"], **{"c:s": "copy"}, format="matroska"
        )
        await context.run(graph, output, facts.duration_ms, copied_bytes=facts.size_bytes)
        file = OutputFile(output, f"{_stem(track)}.mks", _PICTURES_TYPE, url_field="track_url")
        return OperationResult((file,), "Track extracted successfully", fields)
    file = await _text_file(path, track, wanted.format, context)
    return OperationResult((file,), "Track extracted successfully", fields)


async def _text_file(
    path: Path, track: SubtitleTrack, format_name: str | None, context: OperationContext
) -> OutputFile:
    data = await subtitle_text(path, track)
    own = _OWN_FORMATS[text_format(track)]
    if format_name not in (None, own):
        captions = await parse_bounded(data, own, track.language, "manual")
        cues = [cue async for cue in caption_cues(captions, DEFAULT_PROFILE)]
        text = await render_bounded(cues, format_name, DEFAULT_PROFILE, captions.language)
        data, own = text.encode(), format_name
    output = context.folder / f"track.{own}"
    with storage_errors():
        await DISK.run(output.write_bytes, data)
    kind = f"{check_format(own).media_type}; charset=utf-8"
    return OutputFile(output, f"{_stem(track)}.{own}", kind, url_field="track_url")


def _track_of(tracks: tuple[SubtitleTrack, ...], wanted: ExtractTrackInput) -> SubtitleTrack:
    if not tracks:
        raise InvalidFieldError("track: the media has no subtitle tracks")
    listed = "; ".join(track.summary for track in tracks)
    if wanted.track is not None:
        found = next((each for each in tracks if each.index == wanted.track), None)
        if found is None:
            raise InvalidFieldError(f"track: there is no track {wanted.track}; there are {listed}")
        return found
    if wanted.language is None:
        return tracks[0]
    language = Language.parse(wanted.language)
    known = [(each, known_language(each.language)) for each in tracks]
    own = [each for each, spoken in known if spoken is not None and spoken.same_language(language)]
    if not own:
        raise InvalidFieldError(f"language: no track is in {language.tag}; there are {listed}")
    return min(own, key=lambda each: (each.role != "full", not each.default, each.index))


def _stem(track: SubtitleTrack) -> str:
    language = "" if track.language == "und" else f"_{track.language}"
    return f"track_{track.index}{language}"


TRACKS = MediaOperation(
    name="tracks",
    summary="List the tracks of a media file",
    input=TracksInput,
    run=list_tracks,
    required=(("url_video",),),
    example={"url_video": "https://example.com/film.mkv"},
)
EXTRACT_TRACK = MediaOperation(
    name="extract_track",
    summary="Get a subtitle track of a media file",
    input=ExtractTrackInput,
    run=extract_track,
    required=(("url_video",),),
    example={"url_video": "https://example.com/film.mkv", "language": "en", "format": "vtt"},
)
