"""Selection of the caption tracks that serve a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.captions import CaptionTrack
from app.domain.errors import InvalidLanguageError
from app.domain.events import Origin
from app.domain.language import ENGLISH, Language

CHAT = "live_chat"
"""yt-dlp lists a broadcast's chat among its captions."""

OTHER_LANGUAGE = 3
"""Distance of another language, or of the same language in another script."""

_ORIGINAL = "-orig"
"""How the key of a YouTube track in the spoken language ends, where the video has dubbed ones."""


@dataclass(frozen=True, slots=True)
class CaptionPreference:
    """The options of a request that decide between captions and the recording.

    Attributes:
        target: requested language of the subtitles; None for the spoken one.
        spoken: language that is spoken, as the client says.
        force_whisper: transcribe unless there are manual captions in the target language.
        can_transcribe: whether this server can transcribe; without, automatic captions count too.
        speakers: speaker labels are requested, which captions lack.
        automatic: automatic captions in the spoken language count, after those by people; the
            spoken language is English where nothing says otherwise.
    """

    target: Language | None = None
    spoken: Language | None = None
    force_whisper: bool = False
    can_transcribe: bool = True
    speakers: bool = False
    automatic: bool = False

    @property
    def is_spoken(self) -> bool:
        """Whether the client says that the target is spoken, if in another script of it."""
        spoken, target = self.spoken, self.target
        return spoken is not None and target is not None and spoken.base == target.base


@dataclass(frozen=True, slots=True)
class TrackChoice:
    """A track with its origin as the events name it."""

    track: CaptionTrack
    origin: Origin

    def language(self, preference: CaptionPreference | None) -> str:
        """Return the track's language; the spoken one where the site does not name it."""
        spoken = preference.spoken if preference is not None else None
        unnamed = self.track.language == "und" and spoken is not None
        return spoken.tag if unnamed and spoken is not None else self.track.language


def choose_track(
    tracks: Sequence[CaptionTrack], preference: CaptionPreference
) -> list[TrackChoice]:
    """Return the tracks that may replace the recording, best first; may be empty.

    Manual captions in the target language come first, whatever else is requested. Other manual
    captions follow, unless the recording itself is to be transcribed: those in the spoken
    language, else English ones, else in the site's order. Automatic captions count only where
    this server cannot transcribe, or where the request says so. Without a target only the spoken
    language counts, if it is known. No track counts where speakers are requested: captions name
    none.

    Source: the extension's contract, "Source choice"; that the spoken language goes before
    English is ours, since a translation of a translation is worse.
    """
    if preference.speakers and preference.can_transcribe:
        return []
    tracks = [track for track in tracks if track.name != CHAT]
    manual = [track for track in tracks if track.kind == "manual"]
    auto = [track for track in tracks if track.kind == "auto"]
    target, spoken = preference.target, preference.spoken or spoken_language(tracks)
    chosen: list[TrackChoice] = []
    if target is not None:
        chosen += _in_language(manual, target, "youtube_direct")
    if not preference.can_transcribe:
        chosen += _ranked(manual, (spoken, ENGLISH), "youtube_manual", target)
        chosen += _ranked(auto, (target, spoken, ENGLISH), "youtube_auto")
    elif not preference.force_whisper and target is not None and not preference.is_spoken:
        chosen += _ranked(manual, (spoken, ENGLISH), "youtube_manual", target)
    elif not preference.force_whisper and (spoken is not None or preference.automatic):
        chosen += _in_language(manual, spoken or ENGLISH, "youtube_manual")
        if preference.automatic:
            chosen += _in_language(auto, spoken or ENGLISH, "youtube_auto")
    return _unique(chosen)


def spoken_language(tracks: Sequence[CaptionTrack]) -> Language | None:
    """Return the spoken language by the automatic tracks; None where they name none or several."""
    auto = [track for track in tracks if track.kind == "auto" and track.language != "und"]
    original = [track for track in auto if track.name.endswith(_ORIGINAL)] or auto
    tags = {track.language for track in original}
    return Language(tags.pop()) if len(tags) == 1 else None


def language_distance(tag: str, wanted: Language) -> int:
    """Return the distance of a track's language from the requested one.

    ``pt`` is nearer to ``pt-BR`` than ``pt-PT`` is; ``zh-TW`` is another language than ``zh-CN``
    here, since it is written differently.

    Returns:
        0 for the same tag, 1 for the bare language, 2 for another region, else
        ``OTHER_LANGUAGE``.
    """
    if tag == wanted.tag:
        return 0
    other = _parse_tag(tag)
    if other is None or not other.same_language(wanted):
        return OTHER_LANGUAGE
    return 1 if tag == other.base and other.base == wanted.base else 2


def same_base(tag: str, wanted: Language) -> bool:
    """Whether a track is in the requested language, in any script."""
    other = _parse_tag(tag)
    return other is not None and other.base == wanted.base


def _parse_tag(tag: str) -> Language | None:
    """Return a track's language; sites append names of their own (``en-nP7-2PuUl7o``)."""
    for text in (tag, tag.partition("-")[0]):
        try:
            return Language.parse(text)
        except InvalidLanguageError:
            continue
    return None


def _in_language(
    tracks: Sequence[CaptionTrack], wanted: Language, origin: Origin
) -> list[TrackChoice]:
    pairs = [(language_distance(track.language, wanted), track) for track in tracks]
    near = sorted((pair for pair in pairs if pair[0] < OTHER_LANGUAGE), key=lambda pair: pair[0])
    return [TrackChoice(track, origin) for _, track in near]


def _ranked(
    tracks: Sequence[CaptionTrack],
    wanted: Sequence[Language | None],
    origin: Origin,
    target: Language | None = None,
) -> list[TrackChoice]:
    """Return all tracks, sorted by their distance from each language in turn.

    Args:
        tracks: to sort.
        wanted: the likeliest to be spoken first.
        origin: of all tracks.
        target: tracks in another script of it come first: less is lost in a conversion.
    """
    known = [language for language in wanted if language is not None]

    def rank(track: CaptionTrack) -> tuple[int, ...]:
        converted = target is not None and same_base(track.language, target)
        return (
            0 if converted else 1,
            *(language_distance(track.language, language) for language in known),
        )

    return [TrackChoice(track, origin) for track in sorted(tracks, key=rank)]


def _unique(choices: Sequence[TrackChoice]) -> list[TrackChoice]:
    """Return the first choice of each track."""
    unique: dict[CaptionTrack, TrackChoice] = {}
    for choice in choices:
        unique.setdefault(choice.track, choice)
    return list(unique.values())
