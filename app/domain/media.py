"""Metadata of a recording."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """Metadata that a page gives for its video; all of it is untrusted text.

    Attributes:
        title: empty when unknown.
        description: empty when unknown.
        chapters: start in milliseconds and title, in order.
        language: BCP 47 tag of what is spoken as the site says, or an empty string.
        tracks_left_out: caption tracks that the page offers beyond those that are looked at.
    """

    title: str = ""
    description: str = ""
    chapters: tuple[tuple[int, str], ...] = ()
    language: str = ""
    tracks_left_out: int = 0


NO_INFO = MediaInfo()
"""Metadata of a bare file: none."""


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """An audio track of a recording.

    Attributes:
        index: among the audio tracks, from 0.
        languages: BCP 47 tags in standard spelling, one for each channel where these differ;
            empty where the track names none.
        title: untrusted text; empty without one.
        role: what it is for: ``main``, ``commentary``, ``description`` (for who cannot see),
            ``hearing_impaired``, or ``music`` (karaoke, or effects without dialogue).
        default: whether players are to choose it.
        codec: ffmpeg's name; empty where it is not known.
        channels: their number; 0 where it is not known.
        decodable: whether the decoder knows its codec.
    """

    index: int
    languages: tuple[str, ...] = ()
    title: str = ""
    role: str = "main"
    default: bool = False
    codec: str = ""
    channels: int = 0
    decodable: bool = True

    @property
    def summary(self) -> str:
        """The track for people, such as ``1 (es, commentary, "With the director")``."""
        role = "" if self.role == "main" else self.role.replace("_", " ")
        title = f'"{self.title}"' if self.title else ""
        undecodable = "" if self.decodable else "cannot be decoded"
        parts = ["/".join(self.languages) or "no language", role, title, undecodable]
        return f"{self.index} ({', '.join(part for part in parts if part)})"


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """A subtitle track of a recording.

    Attributes:
        index: among the subtitle tracks, from 0.
        language: BCP 47 tag in standard spelling; ``und`` where the track names none.
        title: untrusted text; empty without one.
        role: what it holds: ``full`` dialogue; ``hearing_impaired``, which describes sounds beside
            it (SDH); ``forced``, what is foreign in the dubbed sound alone; ``commentary``,
            ``description`` or ``lyrics``.
        default: whether players are to choose it.
        codec: ffmpeg's name; empty where it is not known.
        form: ``text``, ``pictures`` (PGS, VobSub, DVB), or ``unknown`` where it cannot be decoded.
    """

    index: int
    language: str = "und"
    title: str = ""
    role: str = "full"
    default: bool = False
    codec: str = ""
    form: str = "text"

    @property
    def summary(self) -> str:
        """The track for people, such as ``2 (en, forced, "Signs")``."""
        role = {"full": "", "hearing_impaired": "SDH"}.get(self.role, self.role)
        title = f'"{self.title}"' if self.title else ""
        codec = self.codec if self.form != "text" else ""
        language = "no language" if self.language == "und" else self.language
        return f"{self.index} ({', '.join(filter(None, [language, role, title, codec]))})"


@dataclass(frozen=True, slots=True)
class HeardTrack:
    """The audio track that is heard, among all of its recording.

    Attributes:
        tracks: all, in order.
        index: of the one that is heard.
    """

    tracks: tuple[AudioTrack, ...] = ()
    index: int = 0


UNLISTED_TRACK = HeardTrack()
"""The track of a recording whose tracks are not listed."""
