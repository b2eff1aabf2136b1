"""LRC as ffmpeg reads it, transcripts by their lines; line ends and marks of any kind."""

from __future__ import annotations

import re
from pathlib import Path

import broadcast_readers
import pytest
from subtitle_readers import READERS, UNMARKED, read_by_ffmpeg
from test_read_back import HOSTILE, cues_of

from app.domain.profile import DEFAULT_PROFILE
from app.services.captions.parse import parse_captions
from app.services.render.display_cues import clean_text, clean_turns
from app.services.render.file_writer import render
from app.services.render.formats import FORMATS

VISIBLE = str.maketrans("", "", "\u2060")
PARAGRAPH = re.compile(r"\[(\d\d):(\d\d):(\d\d)\] (?:Ann: |Bob: )?((?:.|\n(?!\n))*)\n(?:\n|\Z)")
ALONE = {"txt", "lrc", "transcript"}


def shown(text: str) -> str:
    return "".join(text.translate(UNMARKED).translate(VISIBLE).split())


def test_every_format_is_read_by_a_reader_that_is_not_ours() -> None:
    broadcast = {"scc": broadcast_readers.read_scc, "stl": broadcast_readers.read_stl}
    assert {*READERS, *broadcast, *ALONE} == set(FORMATS)


def test_ffmpeg_reads_lrc_as_it_was_said(tmp_path: Path) -> None:
    # ffmpeg writes what it reads as ASS, where a brace hides text: those are for other readers.
    cues = cues_of([text for text in HOSTILE if not set(text) & set("{}\\")])
    path = tmp_path / "hostile.lrc"
    path.write_text(render(cues, "lrc", DEFAULT_PROFILE), encoding="utf-8")
    # A line without text ends one that nothing follows.
    read = [cue for cue in read_by_ffmpeg(path) if shown(cue.text)]
    assert [shown(cue.text) for cue in read] == [shown(clean_text(cue.text)) for cue in cues]
    starts = [cue.span.start_ms for cue in cues]
    assert [cue.start_ms for cue in read] == pytest.approx(starts, abs=10)


def test_a_transcript_is_times_speakers_and_every_word() -> None:
    cues = cues_of(HOSTILE, ["Ann", "Bob"])
    found = PARAGRAPH.findall(render(cues, "transcript", DEFAULT_PROFILE))
    assert [shown(text) for *_, text in found] == [shown(clean_turns(cue.text)) for cue in cues]
    starts = [(int(h) * 60 + int(m)) * 60 + int(s) for h, m, s, _ in found]
    assert starts == [cue.span.start_ms // 1000 for cue in cues]


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"stl", "txt"}))
def test_marks_of_editors_and_line_ends_of_any_kind_change_nothing(name: str) -> None:
    text = render(cues_of(["First.", "- Second?\n- Yes.", "Third."]), name, DEFAULT_PROFILE, "en")
    plain = parse_captions(text, name, "en", "manual")
    for end in ("\n", "\r\n", "\r"):
        for codec in ("utf-8", "utf-8-sig", "utf-16"):
            data = text.replace("\n", end).encode(codec)
            assert parse_captions(data, name, "en", "manual") == plain, (end, codec)
