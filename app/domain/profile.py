"""Reading profiles: the limits that make a cue comfortable to read."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from math import ceil
from types import MappingProxyType

from app.domain.errors import InvalidProfileError
from app.domain.language_limits import limits_of

_GAP_FRAMES = 2
"""Frames between two cues. Source: Netflix Timed Text Style Guide, General Requirements."""


@dataclass(frozen=True, slots=True)
class ReadingProfile:
    """Limits for one kind of reader.

    A profile of a request may hold for several languages; what lays out, writes or checks text
    asks for the limits of that text's language by ``in_language``.

    Attributes:
        max_line_chars: characters per line (CPL), in units of half an East Asian wide character.
        max_lines: lines per cue.
        max_cps: reading speed, visible characters with spaces per second; an East Asian wide
            character counts as two, and a speaker's label counts.
        min_duration_ms: shortest time on screen.
        max_duration_ms: longest time on screen.
        min_gap_ms: time between two cues, where the frame rate is not known or the gap does not
            depend on it.
        linger_ms: how long a cue may stay after the speech ended, if reading needs it.
        frame_width_px: width of the picture that the limits are made for; formats that place
            text (ASS) measure fonts and margins against it.
        frame_height_px: its height.
        gap_in_frames: whether the gap is two frames of the picture, where its rate is known.
        chain_below_ms: shorter gaps are closed to the smallest one; 0 leaves them.
        snap_ms: a cue that begins or ends this close to a shot change is moved to it; 0 for none.
        speaker_dashes: whether two speakers may share a cue, a line each, begun with a dash.
        italics: whether text may be set in italics.
        free_translations: whether a translation is laid out on its own, in as many cues as it
            reads best in, rather than a cue for each cue of the source.
        children: whether the readers are children.
        sdh: whether the readers do not hear: subtitles for the deaf and hard of hearing.
        labels: whether the text names its speakers where they change.
        language_table: name of a table of ``LANGUAGE_LIMITS``; empty where all languages have the
            limits above.
        fixed: names of limits that hold for every language, in spite of the table.
    """

    name: str
    max_line_chars: int = 42
    max_lines: int = 2
    max_cps: float = 20.0
    min_duration_ms: int = 833
    max_duration_ms: int = 7000
    min_gap_ms: int = 83
    linger_ms: int = 500
    frame_width_px: int = 1920
    frame_height_px: int = 1080
    gap_in_frames: bool = False
    chain_below_ms: int = 0
    snap_ms: int = 0
    speaker_dashes: bool = False
    italics: bool = True
    free_translations: bool = False
    children: bool = False
    sdh: bool = False
    labels: bool = False
    language_table: str = ""
    fixed: tuple[str, ...] = ()

    @property
    def max_chars(self) -> int:
        """Characters that fit into one cue."""
        return self.max_line_chars * self.max_lines

    @property
    def key(self) -> str:
        """Equal for two profiles exactly when they are equal; the name for one of ``PROFILES``."""
        return self.name if PROFILES.get(self.name) == self else repr(astuple(self))

    def in_language(self, tag: str) -> ReadingProfile:
        """Return the limits that a text in a language (BCP 47) has to obey."""
        if not self.language_table:
            return self
        limits = limits_of(self.language_table, tag)
        cps = limits.sdh_cps if self.sdh else limits.cps
        found: dict[str, float] = {
            "max_line_chars": limits.max_line_chars,
            "max_cps": min(cps, limits.children_cps) if self.children else cps,
            "italics": self.italics and limits.italics,
        }
        own = {name: value for name, value in found.items() if name not in self.fixed}
        return replace(self, language_table="", fixed=(), **own)  # type: ignore[arg-type]

    def at_frame_rate(self, frames_per_s: float | None) -> ReadingProfile:
        """Return the limits for a picture of a frame rate; None where it is not known."""
        if not self.gap_in_frames or not frames_per_s or frames_per_s <= 0:
            return self
        return replace(self, min_gap_ms=ceil(_GAP_FRAMES * 1000 / frames_per_s))

    def for_readers(
        self, *, children: bool, sdh: bool, labels: bool | None = None
    ) -> ReadingProfile:
        """Return the profile for children, or for readers who do not hear.

        Without a table of languages children read at ``CHILDREN_CPS`` at most.

        Args:
            children: whether the readers are children.
            sdh: whether they do not hear.
            labels: whether the text names its speakers; None where readers who do not hear need it.
        """
        cps = self.max_cps
        if children and not self.language_table and "max_cps" not in self.fixed:
            cps = min(cps, CHILDREN_CPS)
        return replace(
            self,
            children=self.children or children,
            sdh=self.sdh or sdh,
            labels=self.labels or sdh if labels is None else labels,
            max_cps=cps,
        )


CHILDREN_CPS = 17.0
"""Source: Netflix English Timed Text Style Guide, reading speed of children's programmes."""

_NETFLIX = ReadingProfile(
    "netflix",
    gap_in_frames=True,
    chain_below_ms=500,
    snap_ms=500,
    speaker_dashes=True,
    free_translations=True,
    language_table="netflix",
)
_WEB = ReadingProfile("web")

PROFILES = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            _WEB,
            _NETFLIX,
            replace(_NETFLIX, name="netflix-en", language_table=""),
            replace(_NETFLIX, name="netflix-children", children=True, max_cps=CHILDREN_CPS),
            replace(
                _NETFLIX,
                name="bbc",
                max_line_chars=37,
                max_cps=17.0,
                linger_ms=1500,
                speaker_dashes=False,
                language_table="",
            ),
            replace(
                _NETFLIX,
                name="ofcom",
                max_line_chars=37,
                max_cps=17.0,
                min_duration_ms=1000,
                speaker_dashes=False,
                language_table="",
            ),
            replace(
                _NETFLIX,
                name="ebu",
                max_line_chars=40,
                min_duration_ms=1000,
                max_duration_ms=10_000,
                min_gap_ms=200,
                gap_in_frames=False,
                language_table="",
            ),
            ReadingProfile(
                "shorts",
                max_line_chars=24,
                max_duration_ms=5000,
                frame_width_px=1080,
                frame_height_px=1920,
            ),
        )
    }
)
"""Profiles by name.

Sources:
    web: Netflix's numbers for English in every language, without anything that needs the picture.
    netflix: Netflix Timed Text Style Guide, General Requirements and Subtitle Timing Guidelines
        (2 lines, 5/6 s to 7 s, 2 frames between cues at any rate, gaps below half a second closed,
        half a second of linger, cuts within half a second); characters by language.
    bbc: BBC's older advice of 37 characters, 160 to 180 words per minute, which are 17 characters
        per second, never more than 1.5 s later than the speech.
    ofcom: Ofcom, Code on Television Access Services (160 to 180 words per minute), on teletext
        lines, of whose 40 columns 37 are left by control codes.
    ebu: lines of EBU Tech 3264 (40 characters) with Arte's times (1 to 10 s, 200 ms, 20 CPS).
    shorts: SubtitleEdit's profile for 9:16 (24 characters, 5 s).
"""

DEFAULT_PROFILE = _WEB


def profile_named(name: str) -> ReadingProfile:
    """Return a profile.

    Raises:
        InvalidProfileError: no profile has that name.
    """
    try:
        return PROFILES[name]
    except KeyError:
        raise InvalidProfileError(name, tuple(PROFILES)) from None
