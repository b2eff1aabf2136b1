"""Names of subtitle files: what players find, and no language twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cli.player_names import player_name


@pytest.mark.parametrize(
    ("source", "fields", "name"),
    [
        ("talk.mp4", {}, "talk.es.srt"),
        ("talk.en.mp4", {}, "talk.en.es.srt"),
        ("talk.srt", {}, "talk.es.srt"),
        ("talk.en.srt", {}, "talk.es.srt"),
        ("talk.eng.vtt", {}, "talk.es.srt"),
        ("talk.pt-BR.ass", {}, "talk.es.srt"),
        ("talk.en.forced.srt", {}, "talk.es.forced.srt"),
        ("talk.forced.en.srt", {}, "talk.es.forced.srt"),
        ("talk.en.sdh.srt", {}, "talk.es.sdh.srt"),
        ("talk.en.hi.srt", {}, "talk.es.hi.srt"),
        ("talk.hi.srt", {}, "talk.es.srt"),
        ("talk.en.sdh.srt", {"remove_sdh": "true"}, "talk.es.srt"),
        ("talk.en.sdh.srt", {"sdh": "true"}, "talk.es.sdh.srt"),
        ("talk.mp4", {"sdh": "true"}, "talk.es.sdh.srt"),
        ("talk.mp4", {"sdh": "false"}, "talk.es.srt"),
        ("a.long.cut.srt", {}, "a.long.cut.es.srt"),
        ("part.1.srt", {}, "part.1.es.srt"),
        ("en.srt", {}, "en.es.srt"),
        (".en.srt", {}, ".en.es.srt"),
    ],
)
def test_players_find_the_name(source: str, fields: dict[str, str], name: str) -> None:
    assert player_name(Path(source), fields).of("es", "srt") == name


def test_a_file_without_a_language_has_none_in_its_name() -> None:
    assert player_name(Path("talk.mp4"), {}).of("", "words.vtt") == "talk.words.vtt"
