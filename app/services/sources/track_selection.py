"""Selection of the audio track of a recording that is being opened."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.events import Notice
from app.domain.language import Language
from app.domain.media import UNLISTED_TRACK, AudioTrack, HeardTrack
from app.services.media.byte_stream import ByteStream
from app.services.media.ffmpeg_command import MediaInput
from app.services.media.mp4_boxes import is_mp4
from app.services.media.mp4_index import StreamLayout
from app.services.media.subtitle_probe import (
    HEAD_BYTES,
    MOST_INDEX_BYTES,
    NO_TRACKS,
    FileTracks,
    shows_all_tracks,
    stream_tracks,
)
from app.services.media.track_choice import (
    TrackWish,
    channel_of,
    ranked_tracks,
    speaks,
    undecodable,
)
from app.services.media.track_probe import (
    can_be_decoded,
    lists_tracks_early,
    may_have_tracks,
    probe_tracks,
)

_ENOUGH_BYTES = (2**14, 2**17, 2**20)
"""Bytes of a stream that are read to list its tracks: the next more where they show too little."""


@dataclass(frozen=True, slots=True)
class TrackSelection:
    """The track that is decoded.

    Attributes:
        heard: the track among all.
        channel: its channel to hear where two hold different programmes.
        notices: what the choice was not as wished.
    """

    heard: HeardTrack = UNLISTED_TRACK
    channel: int = 0
    notices: tuple[Notice, ...] = ()


_ONLY = (AudioTrack(0),)
"""Tracks of a container that holds one without any marks."""


async def select_in_stream(
    stream: ByteStream, wish: TrackWish
) -> tuple[ByteStream, TrackSelection]:
    """Select the track of a stream.

    Returns:
        The stream, of whose head as much was read as it took, and the selection.

    Raises:
        MediaError: no track can be decoded, or there are no bytes.
        InvalidAudioTrackError: it has not got the one that is wished for.
    """
    if not lists_tracks_early(stream.head):
        return stream, await _selected(_ONLY, wish, None, stream.head)
    tracks: tuple[AudioTrack, ...] = ()
    for size in _ENOUGH_BYTES:
        stream = await stream.peek(size)
        tracks = await probe_tracks(None, stream.head)
        ended = len(stream.head) < size
        if ended or (tracks and all(track.decodable for track in tracks)):
            break
    if len(tracks) > 1:
        stream = await stream.peek(_ENOUGH_BYTES[-1])
    return stream, await _selected(tracks, wish, None, stream.head)


async def tracks_in_stream(stream: ByteStream) -> tuple[ByteStream, FileTracks]:
    """List the tracks of a stream; none where its index comes last.

    Returns:
        The stream, of whose head as much was read as it took, and the tracks.
    """
    stream = await stream.peek()
    if stream.layout is StreamLayout.INDEX_LAST or not lists_tracks_early(stream.head):
        return stream, NO_TRACKS
    size = len(stream.head)
    while not shows_all_tracks(stream.head) and size < MOST_INDEX_BYTES:
        size = min(2 * size, MOST_INDEX_BYTES)
        stream = await stream.peek(size)
        if len(stream.head) < size or (size >= HEAD_BYTES and not is_mp4(stream.head)):
            break
    return stream, await stream_tracks(stream.head)


async def select_in_file(source: MediaInput, head: bytes, wish: TrackWish) -> TrackSelection:
    """Select the track of a file or a part of one; errors are those of `select_in_stream`."""
    if not may_have_tracks(head):
        return await _selected(_ONLY, wish, source, head)
    return await _selected(await probe_tracks(source, head), wish, source, head)


async def _selected(
    tracks: tuple[AudioTrack, ...], wish: TrackWish, source: MediaInput, head: bytes
) -> TrackSelection:
    listed = tracks
    ranked = ranked_tracks(tracks, wish)
    if len(tracks) < 2:
        channel = channel_of(tracks[0], wish.spoken) if tracks else None
        return TrackSelection(HeardTrack(tracks), channel or 0)
    for track in ranked:
        if await can_be_decoded(source, head, track.index):
            return _selection(track, tracks, wish)
        tracks = _marked(tracks, track.index)
    if wish.track is not None:
        raise undecodable(ranked, tracks, wish)
    return _selection(ranked[0], listed, wish)  # what can be made of it is decided by its whole


def _selection(
    track: AudioTrack, tracks: tuple[AudioTrack, ...], wish: TrackWish
) -> TrackSelection:
    notices = (*_passed_over(track, tracks, wish), *_other_language(track, tracks, wish))
    return TrackSelection(HeardTrack(tracks, track.index), _channel(track, wish) or 0, notices)


def _channel(track: AudioTrack, wish: TrackWish) -> int | None:
    if isinstance(wish.track, str):
        return channel_of(track, Language(wish.track))
    return channel_of(track, wish.spoken)


def _marked(tracks: tuple[AudioTrack, ...], index: int) -> tuple[AudioTrack, ...]:
    """Return the tracks with one marked as undecodable."""
    return tuple(
        replace(track, decodable=track.decodable and track.index != index) for track in tracks
    )


def _passed_over(
    heard: AudioTrack, tracks: tuple[AudioTrack, ...], wish: TrackWish
) -> list[Notice]:
    """Return a notice of tracks that would have been heard, could they be decoded."""
    as_if = [replace(track, decodable=True) for track in tracks]
    ranked = [track.index for track in ranked_tracks(as_if, wish)]
    ahead = ranked[: ranked.index(heard.index)]
    passed = [tracks[index] for index in ahead if not tracks[index].decodable]
    if not passed:
        return []
    named = "; ".join(track.summary for track in passed)
    text = f"Audio track {named} was passed over; track {heard.summary} was heard"
    return [Notice("audio_track_undecodable", text)]


def _other_language(
    heard: AudioTrack, tracks: tuple[AudioTrack, ...], wish: TrackWish
) -> list[Notice]:
    """Return a notice where all tracks name languages, and none the spoken one."""
    if wish.spoken is None or wish.track is not None or not all(t.languages for t in tracks):
        return []
    if speaks(heard, wish.spoken):
        return []
    named = "; ".join(track.summary for track in tracks)
    text = f"No audio track is marked as {wish.spoken.tag}: {named}; track {heard.index} was heard"
    return [Notice("audio_track_language", text)]
