"""Choice among the text tracks of a file that could replace its sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.captions import CaptionTrack
from app.domain.events import Notice
from app.domain.language import known_language
from app.domain.media import SubtitleTrack
from app.services.captions.select import CaptionPreference, TrackChoice, choose_track
from app.services.media.subtitle_probe import FileTracks
from app.services.media.track_choice import TrackWish, ranked_tracks

_SERVING = ("full", "hearing_impaired")
"""Roles of tracks that hold the whole dialogue, the better one first."""

_NAMED = 8
"""Tracks that a notice names."""


@dataclass(frozen=True, slots=True)
class ChosenText:
    """A text track that may replace the sound.

    Attributes:
        track: of the file.
        choice: its relation to the request.
        language: BCP 47 tag: the track's, else the spoken one, else ``und``.
    """

    track: SubtitleTrack
    choice: TrackChoice
    language: str


@dataclass(frozen=True, slots=True)
class TextPlan:
    """The text tracks of a file that may replace its sound.

    Attributes:
        chosen: the best first; may be empty.
        notices: of tracks that would have served but for what they hold.
    """

    chosen: tuple[ChosenText, ...] = ()
    notices: tuple[Notice, ...] = ()


def plan_text(found: FileTracks, preference: CaptionPreference, wish: TrackWish) -> TextPlan:
    """Return the tracks that may replace the sound of a file, by the rules for a site's captions.

    Tracks of the whole dialogue alone count, and of two in one language the one for who hears. The
    spoken language is that of the audio track that would be heard, where nobody names it.

    Args:
        found: tracks of the file.
        preference: of the request.
        wish: which audio track is to be heard.

    Raises:
        InvalidAudioTrackError: the file has not got the audio track that is wished for.
        UnreadableMediaError: it has audio tracks, and none can be decoded.
    """
    heard = _with_spoken(found, preference, wish)
    if heard is None:
        return TextPlan()
    texts = _ordered([each for each in found.subtitles if each.form == "text"])
    serving = [each for each in texts if each.role in _SERVING]
    chosen = _full_first(_chosen(serving, heard))
    pictures = _wanted([each for each in found.subtitles if each.form != "text"], heard)
    partial = _wanted([each for each in texts if each.role not in _SERVING], heard)
    return TextPlan(tuple(chosen), (*_of_pictures(pictures), *_of_partial(partial)))


def _with_spoken(
    found: FileTracks, preference: CaptionPreference, wish: TrackWish
) -> CaptionPreference | None:
    """Return the preference with the language that is heard; None where other sound is wanted."""
    if not found.subtitles:
        return None
    if not found.audio:
        return preference
    if wish.track is None and not any(track.decodable for track in found.audio):
        return preference
    heard = ranked_tracks(found.audio, wish)[0]
    if wish.track is not None and heard.role not in ("main", "hearing_impaired"):
        return None  # a commentary, say: subtitles hold the dialogue
    spoken = next(iter(heard.languages), None)
    if preference.spoken is not None or spoken is None:
        return preference
    return replace(preference, spoken=known_language(spoken))


def _ordered(tracks: Sequence[SubtitleTrack]) -> list[SubtitleTrack]:
    def rank(track: SubtitleTrack) -> tuple[bool, bool, int]:
        return track.role == "hearing_impaired", not track.default, track.index

    return sorted(tracks, key=rank)


def _chosen(tracks: Sequence[SubtitleTrack], preference: CaptionPreference) -> list[ChosenText]:
    by_name = {str(track.index): track for track in tracks}
    offered = [CaptionTrack(track.language, name, "manual", ()) for name, track in by_name.items()]
    choices = choose_track(offered, preference)
    return [
        ChosenText(by_name[choice.track.name], choice, choice.language(preference))
        for choice in choices
    ]


def _full_first(chosen: Sequence[ChosenText]) -> list[ChosenText]:
    """Put full tracks ahead of those for the hard of hearing in the same language."""
    ordered: list[ChosenText] = []
    rest = list(chosen)
    while rest:
        alike = [each for each in rest if _alike(each, rest[0])]
        rest = [each for each in rest if not _alike(each, alike[0])]
        ordered += sorted(alike, key=lambda each: _SERVING.index(each.track.role))
    return ordered


def _alike(one: ChosenText, other: ChosenText) -> bool:
    if one.choice.origin != other.choice.origin:
        return False
    first, second = (known_language(each.track.language) for each in (one, other))
    if first is None or second is None:
        return one.track.language == other.track.language
    return first.same_language(second)


def _wanted(tracks: Sequence[SubtitleTrack], preference: CaptionPreference) -> list[SubtitleTrack]:
    """Return the tracks that would be chosen, were they text of the whole dialogue."""
    return [each.track for each in _chosen(tracks, preference)]


def _of_pictures(tracks: Sequence[SubtitleTrack]) -> list[Notice]:
    if not tracks:
        return []
    text = (
        f"Subtitles that hold pictures, or cannot be decoded, are not read: track {_named(tracks)}"
    )
    return [Notice("subtitle_pictures", text)]


def _of_partial(tracks: Sequence[SubtitleTrack]) -> list[Notice]:
    if not tracks:
        return []
    text = f"Subtitles that do not hold the whole dialogue are not used: track {_named(tracks)}"
    return [Notice("subtitle_track_partial", text)]


def used_notice(used: ChosenText, chosen: Sequence[ChosenText]) -> Notice:
    """Return the notice that names the track that took the place of the sound.

    Args:
        used: the track.
        chosen: all that could have served.
    """
    alike = [each.track for each in chosen if each is not used and _alike(each, used)]
    others = f"; others in its language: {_named(alike)}" if alike else ""
    text = f"The text is that of the file's subtitle track {used.track.summary}{others}"
    return Notice("subtitle_track_used", text)


def _named(tracks: Sequence[SubtitleTrack]) -> str:
    more = f" and {len(tracks) - _NAMED} more" if len(tracks) > _NAMED else ""
    return "; ".join(track.summary for track in tracks[:_NAMED]) + more
