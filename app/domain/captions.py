"""Existing captions: a site's tracks, or a file sent by a client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from app.domain.cue import Lane
from app.domain.events import Notice
from app.domain.style import Placement, Runs
from app.domain.time import Span
from app.domain.transcript import Word

CaptionKind = Literal["manual", "auto"]


@dataclass(frozen=True, slots=True)
class Caption:
    """One caption as its author timed it.

    Attributes:
        span: when it shows.
        text: one paragraph without markup, never blank. A line break stands in it only where
            another speaker's turn begins (see `app.domain.dialogue_turns`).
        words: word times where the track has them (a site's automatic captions), else empty.
        speaker: as the track names them, or None.
        placement: where the track shows it; None for the usual place.
        runs: styled parts of the text.
        lane: what the text belongs to.
        turn_speakers: of the turns of several captions that became one, in order; empty where they
            are not all named.
    """

    span: Span
    text: str
    words: tuple[Word, ...] = ()
    speaker: str | None = None
    placement: Placement | None = None
    runs: Runs = ()
    lane: Lane = "dialogue"
    turn_speakers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Captions:
    """A whole track.

    Attributes:
        language: BCP 47 tag of the text, ``und`` when unknown.
        kind: written by people, or by automatic speech recognition.
        items: sorted by start; may overlap as the author made them.
        notices: what of the file is not among them, or was read otherwise than it is written; two
            files that read the same are equal.
    """

    language: str
    kind: CaptionKind
    items: tuple[Caption, ...]
    notices: tuple[Notice, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class CaptionTrack:
    """A track that a site offers and that is not fetched yet.

    Attributes:
        language: BCP 47 tag in our spelling.
        name: the site's own key for it, such as ``en-orig``.
        kind: written by people or by a machine; a machine translation of another track is no
            track at all.
        urls: address by format (``json3``, ``vtt``, ``srv1``, ``ttml``, ``srt``).
    """

    language: str
    name: str
    kind: CaptionKind
    urls: tuple[tuple[str, str], ...]
