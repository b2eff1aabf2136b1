"""Translations are laid out on their own where the profile allows it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from app.domain.cue import Cue
from app.domain.language import Language
from app.domain.profile import profile_named
from app.domain.style import Placement
from app.domain.time import Span
from app.services.layout import break_lines, lay_out
from app.services.layout.translated_track import translated_track
from app.services.layout.width import text_width
from app.services.render.file_writer import render
from app.services.translation.text.translation_distributor import TranslationDistributor
from app.services.translation.text.translation_tokenizer import TranslationTokenizer
from tests.services.layout.test_forbidden_breaks import sentences, spoken

SOURCE = [
    ("We had been waiting at the harbour,", "Wir hatten am Hafen gewartet, und zwar seit den"),
    ("since early in the morning,", "frühen Morgenstunden,"),
    ("and nobody had told us why.", "und niemand hatte uns gesagt, warum."),
    ("Yes.", "Ja."),
    ("Then the boat came in.", "Dann lief das Boot ein."),
]


def cues(first_ms: int = 1000, step_ms: int = 2600) -> list[Cue]:
    """Return cues with their translations, one after another."""
    return [
        Cue(
            number,
            Span(first_ms + number * step_ms, first_ms + (number + 1) * step_ms - 100),
            text,
            translation,
            language="en",
            confidence=0.8,
        )
        for number, (text, translation) in enumerate(SOURCE)
    ]


def test_a_translation_is_in_as_many_cues_as_it_reads_best_in() -> None:
    profile = profile_named("netflix").in_language("de")
    track = translated_track(cues(), profile_named("netflix"), "de")
    assert " ".join(cue.text for cue in track) == " ".join(text for _, text in SOURCE)
    assert [cue.id for cue in track] == list(range(len(track)))
    assert not [cue.text for cue in track if cue.text.endswith("den")]
    for cue in track:
        assert profile.min_duration_ms <= cue.span.duration_ms <= profile.max_duration_ms
        assert 1000 * text_width(cue.text) <= profile.max_cps * cue.span.duration_ms
    for before, after in pairwise(track):
        assert after.span.start_ms - before.span.end_ms >= profile.min_gap_ms


def test_what_is_not_translated_or_has_a_place_of_its_own_stays() -> None:
    placed = Cue(9, Span(30_000, 31_000), "EXIT", "AUSGANG", placement=Placement())
    bare = Cue(10, Span(32_000, 33_000), "Hm.")
    track = translated_track([*cues(), placed, bare], profile_named("netflix"), "de")
    assert [(cue.span, cue.shown) for cue in track[-2:]] == [
        (placed.span, "AUSGANG"),
        (bare.span, "Hm."),
    ]


def test_files_have_the_track_and_the_default_keeps_the_pairs() -> None:
    paired = render(cues(), "srt", profile_named("web"), "de")
    assert paired.count("-->") == len(SOURCE)
    own = render(cues(), "srt", profile_named("netflix"), "de")
    assert own.count("-->") != len(SOURCE)
    assert " ".join(own.split()).count("Morgenstunden,") == 1
    assert '"Yes."' in render(cues(), "json", profile_named("netflix"), "de")


def spoken_cues(language: str) -> list[Cue]:
    """Return English sentences as cues, with the sentences of another language divided among them.

    The sets have the same sentences in the same order.
    """
    distributor = TranslationDistributor(
        TranslationTokenizer(Language.parse(language)), profile_named("netflix").in_language("de")
    )
    found: list[Cue] = []
    at_ms = 0
    pairs = zip(sentences("en", "tuning"), sentences(language, "tuning"), strict=True)
    for source, target in pairs:
        laid_out = lay_out(spoken(source.words, 14, at_ms), profile_named("netflix"), "en")
        at_ms = laid_out[-1].span.end_ms + 400
        own = [Cue(0, cue.span, cue.text, language="en") for cue in laid_out]
        pieces = distributor.divide(" ".join(target.words), own)
        found += [replace(cue, translation=each) for cue, each in zip(own, pieces, strict=True)]
    return found


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "pt", "nl"])
def test_translated_tracks_obey_the_profile_and_can_be_read(language: str) -> None:
    profile = profile_named("netflix").in_language(language)
    source = spoken_cues(language)
    track = translated_track(source, profile_named("netflix"), language)
    shown = " ".join(cue.text for cue in track).split()
    assert shown == " ".join(cue.translation or "" for cue in source).split()
    for before, after in pairwise(track):
        assert after.span.start_ms - before.span.end_ms >= profile.min_gap_ms
    for cue in track:
        assert profile.min_duration_ms <= cue.span.duration_ms <= profile.max_duration_ms
        lines = break_lines(cue.text, profile, language)
        assert len(lines) <= profile.max_lines
        assert all(text_width(line) <= profile.max_line_chars for line in lines)
    fast = [
        cue.text
        for cue in track
        if 1000 * text_width(cue.text) > profile.max_cps * cue.span.duration_ms
    ]
    assert len(fast) <= 0.02 * len(track), fast
