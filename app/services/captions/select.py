"""Which of a site's tracks serves a job, best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.captions import CaptionTrack
from app.domain.events import Origin
from app.domain.language import Language
from app.services.captions.language_distance import FAR, nearness

ENGLISH = Language("en")

CHAT = "live_chat"
"""yt-dlp lists a broadcast's chat among its captions."""

_ORIGINAL = "-orig"
"""How the key of a YouTube track ends that says what is spoken, where others are dubbed."""


@dataclass(frozen=True, slots=True)
class CaptionPreference:
    """What decides between captions and the recording.

    Attributes:
        target: language that is wanted; None for whatever is spoken.
        spoken: language that is spoken, as the client says.
        force_whisper: hear the recording unless people wrote captions in the target language.
        hears: whether this server can transcribe; without, automatic captions count too.
        speakers: the speakers are wanted, whom captions do not name.
    """

    target: Language | None = None
    spoken: Language | None = None
    force_whisper: bool = False
    hears: bool = True
    speakers: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A track and what it is to the request."""

    track: CaptionTrack
    origin: Origin


def choose_track(tracks: Sequence[CaptionTrack], wish: CaptionPreference) -> list[Choice]:
    """Return the tracks that may stand in for the recording, best first; perhaps none.

    People's captions in the target language come first, whatever else is asked. Other captions
    by people follow, unless the recording itself is to be heard: those in the spoken language,
    else English ones, else as the site lists them. What a machine heard counts only where this
    server cannot hear better. Without a target only the spoken language counts, as long as
    somebody says which it is. Nothing counts where the speakers are wanted: captions name none.

    Source: the extension's contract, "Source choice"; that the spoken language goes before
    English is ours, since a translation of a translation is worse.
    """
    tracks = [track for track in tracks if track.name != CHAT]
    manual = [track for track in tracks if track.kind == "manual"]
    auto = [track for track in tracks if track.kind == "auto"]
    spoken = wish.spoken or spoken_language(tracks)
    if wish.speakers and wish.hears:
        return []
    heard_instead = wish.force_whisper and wish.hears
    chosen: list[Choice] = []
    if wish.target is not None:
        chosen += _in_language(manual, wish.target, "youtube_direct")
    if not heard_instead:
        if wish.target is not None or not wish.hears:
            chosen += _by_use(manual, (spoken, ENGLISH), "youtube_manual")
        elif spoken is not None:
            chosen += _in_language(manual, spoken, "youtube_manual")
    if not wish.hears:
        chosen += _by_use(auto, (wish.target, spoken, ENGLISH), "youtube_auto")
    return list(_once(chosen))


def spoken_language(tracks: Sequence[CaptionTrack]) -> Language | None:
    """Return what is spoken, as the track of a machine that listened tells; None if none does."""
    auto = [track for track in tracks if track.kind == "auto" and track.language != "und"]
    original = [track for track in auto if track.name.endswith(_ORIGINAL)] or auto
    tags = {track.language for track in original}
    return Language(tags.pop()) if len(tags) == 1 else None


def _in_language(tracks: Sequence[CaptionTrack], wanted: Language, origin: Origin) -> list[Choice]:
    near = [(nearness(track.language, wanted), track) for track in tracks]
    kept = sorted((pair for pair in near if pair[0] < FAR), key=lambda pair: pair[0])
    return [Choice(track, origin) for _, track in kept]


def _by_use(
    tracks: Sequence[CaptionTrack], wanted: Sequence[Language | None], origin: Origin
) -> list[Choice]:
    """Return all tracks, those in the languages first that are wanted first."""
    known = [language for language in wanted if language is not None]

    def rank(track: CaptionTrack) -> tuple[int, ...]:
        return tuple(nearness(track.language, language) for language in known)

    return [Choice(track, origin) for track in sorted(tracks, key=rank)]


def _once(choices: Sequence[Choice]) -> Iterator[Choice]:
    seen: set[CaptionTrack] = set()
    for choice in choices:
        if choice.track not in seen:
            seen.add(choice.track)
            yield choice
