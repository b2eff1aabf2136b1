"""Translations as a track of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from app.domain.cue import Cue
from app.domain.profile import ReadingProfile
from app.domain.transcript import Segment, Word
from app.domain.video_timing import NO_VIDEO, VideoTiming
from app.services.layout.layout_engine import lay_out
from app.services.layout.segment_words import words_of


def translated_track(
    cues: Sequence[Cue], profile: ReadingProfile, language: str, video: VideoTiming = NO_VIDEO
) -> list[Cue]:
    """Lay out the translations of cues on their own, on the times of the source.

    Where a translation reads better in more or fewer cues than its source, it is in so many. Each
    cue's translation takes that cue's time, its words by their width. Cues without a translation,
    with styles, a place of their own or two speakers stay as they are.

    Args:
        cues: with their translations, in any order.
        profile: limits of the translation, for several languages or one.
        language: BCP 47 tag of the translation.
        video: frame rate and shot changes.

    Returns:
        Cues in order, counted from 0; the text of those that were laid out is the translation.
    """
    track: list[Cue] = []
    ordered = sorted(cues, key=lambda cue: cue.span)
    runs = [list(run) for _, run in groupby(ordered, key=_is_plain)]
    ends = [run[0].span.start_ms for run in runs[1:]]
    for run, until_ms in zip(runs, [*ends, None], strict=True):
        shown = run
        if _is_plain(run[0]):
            free_ms = track[-1].span.end_ms + profile.min_gap_ms if track else 0
            shown = list(_laid_out(run, profile, language, (free_ms, until_ms), video))
            if until_ms is not None and shown and shown[-1].span.end_ms > until_ms:
                shown = run
        track += shown
    return [replace(cue, id=number) for number, cue in enumerate(track)]


def _is_plain(cue: Cue) -> bool:
    text = cue.translation
    has_style = cue.placement is not None or bool(cue.translation_runs)
    return bool(text and text.strip()) and "\n" not in (text or "") and not has_style


def _laid_out(
    cues: Sequence[Cue],
    profile: ReadingProfile,
    language: str,
    free: tuple[int, int | None],
    video: VideoTiming,
) -> Iterator[Cue]:
    own = profile.in_language(language)
    words = [word for cue in cues for word in _words(cue, own, language)]
    from_ms, until_ms = free
    laid_out = lay_out(words, profile, language, from_ms=from_ms, until_ms=until_ms, video=video)
    for cue in laid_out:
        yield Cue(
            0,
            cue.span,
            cue.text,
            speaker=cue.speaker,
            language=language,
            confidence=cue.confidence,
            lane=cues[0].lane,
            turn_speakers=cue.turn_speakers,
        )


def _words(cue: Cue, profile: ReadingProfile, language: str) -> list[Word]:
    segment = Segment(cue.translation or "", cue.span, (), language, cue.confidence)
    return [replace(word, speaker=cue.speaker) for word in words_of(segment, profile)]
