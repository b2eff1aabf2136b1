"""Cues from captions written by people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from app.domain.captions import Caption, Captions
from app.domain.cue import Cue, Lane
from app.domain.dialogue_turns import ends_turn, speaker_dash
from app.domain.profile import ReadingProfile
from app.domain.style import Placement, divided, ink_length, joined, shifted, zone
from app.domain.time import Span
from app.domain.transcript import Segment
from app.services.layout.laid_out_cue import dialogue_dashes
from app.services.layout.layout_engine import lay_out
from app.services.layout.line_breaks import fits
from app.services.layout.phrase import Phrase
from app.services.layout.segment_words import words_of
from app.services.layout.timing import TimeWindow, place
from app.services.layout.width import text_width

_MIN_DELAYED_MS = 200
"""Shortest duration of a cue that was delayed by the one before it."""


@dataclass(slots=True)
class _UnfinishedCaption:
    """A caption that others with nearly the same start are still merged into."""

    span: Span
    parts: list[Caption]
    speaker: str | None
    lane: Lane

    @classmethod
    def of(cls, item: Caption) -> _UnfinishedCaption:
        return cls(item.span, [item], item.speaker, item.lane)

    def add(self, item: Caption) -> None:
        """Merge a caption that appeared with it; a speaker's repeated text is not added."""
        end_ms = max(self.span.end_ms, item.span.end_ms)
        self.span = replace(self.span, end_ms=end_ms)
        if (item.text, item.speaker) != (self.parts[-1].text, self.parts[-1].speaker):
            self.parts.append(item)
            self.speaker = self.speaker if self.speaker == item.speaker else None

    def caption(self, profile: ReadingProfile, language: str) -> Caption:
        """Return all of it as one caption."""
        parts = _with_dashes(self.parts, profile, language)
        first, *others = parts
        text = first.text
        for before, after in pairwise(parts):
            text += ("\n" if _is_apart(before, after) else " ") + after.text
        places = {part.placement for part in others} - {first.placement}
        return Caption(
            self.span,
            text,
            speaker=self.speaker,
            lane=self.lane,
            placement=None if places else first.placement,
            runs=joined((part.text, part.runs) for part in parts),
            turn_speakers=_turn_speakers(parts, text),
        )


def _turn_speakers(parts: Sequence[Caption], text: str) -> tuple[str, ...]:
    """Return the speakers of the lines of captions that became one; none where one is not named."""
    speakers = tuple(part.speaker for part in parts if part.speaker is not None)
    lines = len(text.split("\n"))
    return speakers if len(set(speakers)) > 1 and len(speakers) == len(parts) == lines else ()


def _with_dashes(
    parts: Sequence[Caption], profile: ReadingProfile, language: str
) -> Sequence[Caption]:
    """Return the lines of two named speakers with the dashes that a profile wants there."""
    is_dialogue = len(parts) == 2 and profile.speaker_dashes and parts[0].lane == "dialogue"
    if not is_dialogue or len({part.speaker for part in parts} - {None}) != 2:
        return parts
    if any("\n" in part.text or speaker_dash(part.text) for part in parts):
        return parts
    dashed = [
        replace(part, text=dash + part.text, runs=shifted(part.runs, ink_length(dash)))
        for part, dash in zip(parts, dialogue_dashes(language), strict=True)
    ]
    # Dashes are of no use on two cues, which is what does not fit one becomes.
    return dashed if fits("\n".join(part.text for part in dashed), profile) else parts


def _is_apart(before: Caption, after: Caption) -> bool:
    """Whether captions that appear together are two texts rather than the lines of one."""
    places = [part.placement or Placement() for part in (before, after)]
    return (
        zone(places[0]) != zone(places[1])
        or before.speaker != after.speaker
        or ends_turn(before.text)
        or bool(speaker_dash(after.text))
    )


def authored_cues(captions: Captions, profile: ReadingProfile) -> Iterator[Cue]:
    """Yield the cues of captions that people wrote.

    Every caption retains its text and its times, but ends early where the next one begins. Two
    of one lane that appear together become one cue. A text that is too long for a cue is divided as
    if it were speech, first between speakers; a single line that is shown for longer than a cue may
    be ends earlier. Styles stay with their words. Two named speakers who appear together have
    dashes where the profile wants them.

    Yields:
        Cues with ids from 0, sorted, never two at once, ``min_gap_ms`` apart where a cue stays
        long enough without that time. Every word is there once, in order.
    """
    free_ms = 0
    number = 0
    items = list(_one_at_a_time(captions.items, profile, captions.language))
    limits = [item.span.start_ms for item in items[1:]]
    for item, next_ms in zip(items, [*limits, None], strict=True):
        shown = _laid_out(item, free_ms, next_ms, profile, captions.language)
        runs = divided(item.runs, [text for text, _ in shown])
        for (text, span), own in zip(shown, runs, strict=True):
            yield Cue(
                number,
                span,
                text,
                speaker=item.speaker,
                language=captions.language,
                lane=item.lane,
                placement=item.placement,
                runs=own,
                turn_speakers=item.turn_speakers if text == item.text else (),
            )
            number += 1
            free_ms = span.end_ms


def _one_at_a_time(
    items: Iterable[Caption], profile: ReadingProfile, language: str
) -> Iterator[Caption]:
    open_caption: _UnfinishedCaption | None = None
    for item in sorted(items, key=lambda item: item.span.start_ms):
        if open_caption is None or item.span.start_ms >= open_caption.span.end_ms:
            if open_caption is not None:
                yield open_caption.caption(profile, language)
        elif (
            item.lane == open_caption.lane
            and item.span.start_ms - open_caption.span.start_ms < profile.min_duration_ms
        ):
            open_caption.add(item)
            continue
        else:
            open_caption.span = replace(open_caption.span, end_ms=item.span.start_ms)
            yield open_caption.caption(profile, language)
        open_caption = _UnfinishedCaption.of(item)
    if open_caption is not None:
        yield open_caption.caption(profile, language)


def _laid_out(
    item: Caption, free_ms: int, next_ms: int | None, profile: ReadingProfile, language: str
) -> Sequence[tuple[str, Span]]:
    start_ms = max(free_ms, item.span.start_ms)
    end_ms = item.span.end_ms
    if start_ms > item.span.start_ms:
        end_ms = max(end_ms, start_ms + _MIN_DELAYED_MS)
    span = Span(start_ms, max(end_ms, start_ms + 1))
    if _fits(item.text, span, profile):
        return [(item.text, _placed(span, next_ms, profile))]
    return _divided(item, span, next_ms, profile, language)


def _fits(text: str, span: Span, profile: ReadingProfile) -> bool:
    if span.duration_ms > profile.max_duration_ms and text_width(text) > profile.max_line_chars:
        return False
    return fits(text, profile)


def _placed(span: Span, next_ms: int | None, profile: ReadingProfile) -> Span:
    end_ms = min(span.end_ms, span.start_ms + profile.max_duration_ms)
    if next_ms is not None:
        before_gap_ms = next_ms - profile.min_gap_ms
        if end_ms > before_gap_ms >= span.start_ms + profile.min_duration_ms:
            end_ms = before_gap_ms
    return Span(span.start_ms, end_ms)


def _divided(
    item: Caption, span: Span, next_ms: int | None, profile: ReadingProfile, language: str
) -> Sequence[tuple[str, Span]]:
    until_ms = span.end_ms + profile.min_gap_ms
    if next_ms is not None:
        until_ms = max(span.end_ms, min(until_ms, next_ms))
    parts = _phrases(item.text, span, until_ms, profile, language)
    spans = place([part.phrase for part in parts], TimeWindow(span.start_ms, until_ms), profile)
    return [(part.text, shown) for part, shown in zip(parts, spans, strict=True)]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one cue shows of a caption: words, and the text that they are, with line breaks."""

    phrase: Phrase
    text: str

    def with_turn(self, other: _Part) -> _Part:
        """Return this part with another speaker's, on a line of its own."""
        return _Part(self.phrase + other.phrase, f"{self.text}\n{other.text}")

    def is_cue(self, profile: ReadingProfile) -> bool:
        """Whether it can be shown at once."""
        duration_ms = self.phrase.end_ms - self.phrase.start_ms
        return duration_ms <= profile.max_duration_ms and fits(self.text, profile)


def _phrases(
    text: str, span: Span, until_ms: int, profile: ReadingProfile, language: str
) -> list[_Part]:
    """Divide a text among cues; turns share its time by their width, and a cue where they fit."""
    parts: list[_Part] = []
    turns = text.split("\n")
    edges = [*_starts(turns, span), until_ms]
    for turn, (start_ms, end_ms) in zip(turns, pairwise(edges), strict=True):
        own = Span(start_ms, max(start_ms, min(end_ms, span.end_ms)))
        words = words_of(Segment(turn, own, (), language), profile)
        cues = lay_out(words, profile, language, from_ms=own.start_ms, until_ms=end_ms)
        first, *others = [_Part(Phrase(cue.words), cue.text) for cue in cues]
        if parts and (both := parts[-1].with_turn(first)).is_cue(profile):
            parts[-1] = both
        else:
            parts.append(first)
        parts += others
    return parts


def _starts(turns: Sequence[str], span: Span) -> list[int]:
    """Return when each turn begins."""
    widths = list(accumulate((max(1, text_width(turn)) for turn in turns), initial=0))
    return [span.start_ms + span.duration_ms * width // widths[-1] for width in widths[:-1]]
