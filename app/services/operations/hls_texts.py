"""Subtitles of a stream: the text tracks that a video has, and those of the request, as WebVTT."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.media import SubtitleTrack
from app.domain.profile import DEFAULT_PROFILE
from app.services.captions.parse import parse_bounded
from app.services.media.subtitle_text import subtitle_text, text_format
from app.services.operations.mux_operation import MOST_TRACKS
from app.services.operations.operation_context import OperationContext
from app.services.operations.soft_subtitles import SoftFile, SoftTrack, soft_file
from app.services.render.file_writer import render_bounded
from app.services.stages.caption_cues import caption_cues
from app.system.thread_groups import DISK
from app.system.workdir import storage_errors


@dataclass(frozen=True, slots=True)
class HlsText:
    """Subtitles as WebVTT with times from the start of the media."""

    vtt: str
    track: SubtitleTrack


async def own_texts(
    path: Path, tracks: Sequence[SubtitleTrack]
) -> tuple[list[HlsText], list[tuple[str, str]]]:
    """Return the text tracks of a file, with a notice for each track that is left out.

    Raises:
        InvalidCaptionsError: a track cannot be read.
    """
    texts: list[HlsText] = []
    notices: list[tuple[str, str]] = []
    for track in tracks:
        if track.form != "text" or len(texts) >= MOST_TRACKS:
            text = f"HLS cannot hold this subtitle track of the video: {track.summary}"
            notices.append(("subtitle_tracks_dropped", text))
            continue
        data = await subtitle_text(path, track)
        texts.append(HlsText(await _vtt(data, text_format(track), track.language), track))
    return texts, notices


async def added_texts(
    wanted: Sequence[SoftTrack], first: int, context: OperationContext
) -> tuple[list[HlsText], list[tuple[str, str]]]:
    """Return the subtitles of a request, with notices of what was left out of their texts.

    Args:
        wanted: as the request describes them.
        first: index of the first one among the stream's subtitles.
        context: of the operation.

    Raises:
        CuestreamError: they cannot be fetched or read.
    """
    texts: list[HlsText] = []
    notices: list[tuple[str, str]] = []
    for number, asked in enumerate(wanted):
        file = await soft_file(asked, number, context, keeps_style=False)
        with storage_errors():
            data = await DISK.run(file.path.read_bytes)
        vtt = await _vtt(data, "srt", file.language)
        texts.append(HlsText(vtt, _track_of(file, first + number)))
        notices += file.notices
    return texts, notices


async def _vtt(data: bytes, name: str, language: str) -> str:
    captions = await parse_bounded(data, name, language, "manual")
    cues = [cue async for cue in caption_cues(captions, DEFAULT_PROFILE)]
    return await render_bounded(cues, "vtt", DEFAULT_PROFILE, captions.language)


def _track_of(file: SoftFile, index: int) -> SubtitleTrack:
    asked = file.track
    role = "forced" if asked.forced else "hearing_impaired" if asked.hearing_impaired else "full"
    return SubtitleTrack(index, file.language, file.title, role, asked.default, file.demuxer)
