"""Layout of existing captions anew, by another reading profile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from app.domain.captions import Caption, Captions
from app.domain.cue import Cue, Lane
from app.domain.profile import ReadingProfile
from app.domain.style import Placement, Runs, divided, joined
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.services.layout.authored_cues import authored_cues
from app.services.layout.laid_out_cue import dialogue_dashes
from app.services.stages.caption_cues import caption_segments
from app.services.stages.cues import CueLayout
from app.system.bounded_work import work_on

_SLOPPY_MS = 200
"""Time by which captions that follow one another overlap by careless timing."""


async def relayout_bounded(
    captions: Captions, profile: ReadingProfile, video: VideoTiming = NO_VIDEO
) -> list[Cue]:
    """Lay captions out anew where it delays nothing else; see `relayout`.

    Raises:
        TooMuchWorkError: it takes more memory or time than it may.
    """
    chars = sum(len(caption.text) for caption in captions.items)
    return await work_on(_relaid, captions.items, captions.language, profile, video, chars=chars)


def _relaid(
    items: Sequence[Caption], language: str, profile: ReadingProfile, video: VideoTiming
) -> Iterator[Cue]:
    yield from relayout(Captions(language, "manual", tuple(items)), profile, video)


def relayout(
    captions: Captions, profile: ReadingProfile, video: VideoTiming = NO_VIDEO
) -> list[Cue]:
    """Divide the text of captions among cues anew, as a profile wants it.

    Sentences that stand on several captions become cues as if they were speech: the words of a
    caption share its time by their width where the track has no times for them. Captions of another
    place or lane are not joined, nor those of another speaker, unless both are named and the
    profile has dashes: then short turns of two share a cue. Dialogue within one caption stays
    together, as do captions that are shown at once.

    Args:
        captions: of one file.
        profile: limits of text and time.
        video: frame rate and shot changes of the picture.

    Returns:
        Cues with ids from 0, sorted by start. Their texts together have all ink of the captions, in
        order, with its styles.
    """
    profile = profile.at_frame_rate(video.frames_per_s)
    cues: list[Cue] = []
    free_ms = 0
    kinds = iter(_kinds(captions.items, profile))
    for kind, group in groupby(captions.items, key=lambda _: next(kinds)):
        part = _from(replace(captions, items=tuple(group)), free_ms)
        made = _authored(part, profile) if kind is None else _joined(part, profile, video)
        cues.extend(made)
        free_ms = max([free_ms, *(cue.span.end_ms + profile.min_gap_ms for cue in made)])
    ordered = sorted(cues, key=lambda cue: cue.span)
    shown = _long_enough(ordered, profile)
    return [replace(cue, id=number) for number, cue in enumerate(shown)]


_Kind = tuple[str | None, Placement | None, Lane]
"""What captions have in common that may be joined."""

_DASH_CHARS = 3
"""Longest dash of a caption, as in ``>>``, with one to spare."""

_ANYBODY = ""
"""Speaker of the captions of all named speakers, who may share cues."""


def _kinds(items: Sequence[Caption], profile: ReadingProfile) -> list[_Kind | None]:
    """Return the kind of each caption; None for dialogues.

    Captions of two kinds that are shown at once are a dialogue too: both keep their beginning.
    """
    shares = profile.speaker_dashes and profile.max_lines > 1
    kinds: list[_Kind | None] = [
        (_ANYBODY if shares and item.speaker else item.speaker, item.placement, item.lane)
        for item in items
    ]
    for at, item in enumerate(items):
        if "\n" in item.text:
            kinds[at] = None
    for at, (before, item) in enumerate(pairwise(items), start=1):
        own = (before.speaker, before.placement, before.lane)
        is_other = own != (item.speaker, item.placement, item.lane)
        if is_other and item.span.start_ms < before.span.end_ms - _SLOPPY_MS:
            kinds[at - 1] = kinds[at] = None
    return kinds


def _long_enough(cues: Sequence[Cue], profile: ReadingProfile) -> list[Cue]:
    """Return cues of which short ones stay as long as the profile wants, where there is room."""
    nexts = [*(cue.span.start_ms for cue in cues[1:]), None]
    shown: list[Cue] = []
    for cue, next_ms in zip(cues, nexts, strict=True):
        end_ms = cue.span.start_ms + profile.min_duration_ms
        if next_ms is not None:
            end_ms = min(end_ms, next_ms - profile.min_gap_ms)
        longer = replace(cue.span, end_ms=max(cue.span.end_ms, end_ms))
        shown.append(replace(cue, span=longer))
    return shown


def _authored(captions: Captions, profile: ReadingProfile) -> list[Cue]:
    return list(authored_cues(captions, profile.in_language(captions.language)))


def _joined(captions: Captions, profile: ReadingProfile, video: VideoTiming) -> list[Cue]:
    """Return the cues of captions of one kind."""
    first = captions.items[0]
    layout = CueLayout(profile, video=lambda: video)
    segments = caption_segments(captions, profile)
    cues = [cue for segment in segments for cue in layout.lay_out(segment)]
    return [
        replace(cue, placement=first.placement, lane=first.lane, runs=runs)
        for cue, runs in zip(cues, _runs_of(cues, captions), strict=True)
    ]


def _runs_of(cues: Sequence[Cue], captions: Captions) -> list[Runs]:
    """Return the styles of each cue, whose texts are those of captions but for speakers' dashes."""
    dashes = dialogue_dashes(captions.language)
    source = "".join("".join(caption.text.split()) for caption in captions.items)
    turns: list[list[str]] = []
    pieces: list[str] = []
    place = 0
    for cue in cues:
        lines = cue.text.split("\n")
        own = zip(lines, dashes if len(lines) > 1 else ("",), strict=True)
        turns.append([part for line, dash in own for part in _split_dash(line, dash)])
        for said in turns[-1][1::2]:
            ink = "".join(said.split())
            # A dash that the caption had gave way to that of the language.
            begin = max(place, source.find(ink, place, place + len(ink) + _DASH_CHARS))
            pieces += [source[place:begin], said]
            place = begin + len(ink)
    runs = joined((caption.text, caption.runs) for caption in captions.items)
    found = iter(divided(runs, pieces)[1::2])
    return [
        joined((text, next(found) if index % 2 else ()) for index, text in enumerate(parts))
        for parts in turns
    ]


def _split_dash(line: str, dash: str) -> tuple[str, str]:
    """Return a line's dash, empty where it has another one, and what is said."""
    return (dash, line.removeprefix(dash)) if line.startswith(dash) else ("", line)


def _from(captions: Captions, free_ms: int) -> Captions:
    """Return captions whose spans do not overlap those before them.

    Captions that follow one another do so too where both begin later than they did.
    """
    items: list[Caption] = []
    ended_ms = 0
    for caption in captions.items:
        if items and caption.span.start_ms >= ended_ms:
            free_ms = max(free_ms, items[-1].span.end_ms)
        ended_ms = caption.span.end_ms
        start_ms = max(free_ms, caption.span.start_ms)
        end_ms = max(caption.span.end_ms, start_ms + 1)
        items.append(replace(caption, span=replace(caption.span, start_ms=start_ms, end_ms=end_ms)))
        free_ms = start_ms
    return replace(captions, items=tuple(items))
