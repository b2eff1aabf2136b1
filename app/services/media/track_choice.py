"""Choice of the audio track that is heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.errors import InvalidAudioTrackError, UnreadableMediaError
from app.domain.language import Language, known_language
from app.domain.media import AudioTrack

_ROLES = ("main", "hearing_impaired", "description", "commentary", "music")
"""The most complete dialogue first."""


@dataclass(frozen=True, slots=True)
class TrackWish:
    """What a request says of the tracks to decode.

    Attributes:
        track: index or language of the track; None to choose by the rest.
        spoken: spoken language; None where it is to be detected.
        shot_changes: whether the shot changes of the picture are wanted.
    """

    track: int | str | None = None
    spoken: Language | None = None
    shot_changes: bool = False


ANY_TRACK = TrackWish()
"""No wish."""


def ranked_tracks(tracks: Sequence[AudioTrack], wish: TrackWish) -> list[AudioTrack]:
    """Return the tracks that serve a request, the best first.

    Where the request names a track or a language of a track, only those serve. Otherwise all do: in
    the spoken language first, then of no language; among those the main ones before descriptions
    and commentaries, then the container's default, then in order.

    Args:
        tracks: of the recording; empty where they cannot be listed.
        wish: of the request.

    Raises:
        InvalidAudioTrackError: no track is the one that the request names.
        UnreadableMediaError: no track can be decoded.
    """
    serving = [track for track in tracks if _is_named(track, wish.track)]
    if tracks and not serving:
        raise _no_such_track(wish.track, tracks)
    decodable = [track for track in serving if track.decodable]
    if serving and not decodable:
        raise undecodable(serving, tracks, wish)
    return sorted(decodable, key=lambda track: _rank(track, wish.spoken))


def undecodable(
    refused: Sequence[AudioTrack], tracks: Sequence[AudioTrack], wish: TrackWish
) -> InvalidAudioTrackError | UnreadableMediaError:
    """Return the error for tracks of which none can be decoded."""
    if wish.track is None:
        return UnreadableMediaError("The media has no audio track that can be decoded")
    return InvalidAudioTrackError(
        f"audio_track: track {refused[0].summary} cannot be decoded; {_listed(tracks)}"
    )


def speaks(track: AudioTrack, language: Language) -> bool:
    """Whether a track names a language as its own."""
    return channel_of(track, language) is not None


def channel_of(track: AudioTrack, language: Language | None) -> int | None:
    """Return the index of a language among those of a track; None where it has not got it."""
    if language is None:
        return None
    for index, tag in enumerate(track.languages):
        own = known_language(tag)
        if own is not None and own.same_language(language):
            return index
    return None


def _is_named(track: AudioTrack, named: int | str | None) -> bool:
    if named is None:
        return True
    if isinstance(named, int):
        return track.index == named
    return speaks(track, Language(named))


def _rank(track: AudioTrack, spoken: Language | None) -> tuple[int, int, bool, int]:
    matches = spoken is None or speaks(track, spoken)
    language = 0 if matches else 1 + bool(track.languages)
    return language, _ROLES.index(track.role), not track.default, track.index


def _no_such_track(named: int | str | None, tracks: Sequence[AudioTrack]) -> InvalidAudioTrackError:
    wanted = f"no track {named}" if isinstance(named, int) else f"no track in {named}"
    return InvalidAudioTrackError(f"audio_track: the recording has {wanted}; {_listed(tracks)}")


def _listed(tracks: Sequence[AudioTrack]) -> str:
    return f"its audio tracks are {'; '.join(track.summary for track in tracks)}"
