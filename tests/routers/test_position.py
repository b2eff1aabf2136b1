"""Where the viewer is comes first."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.api_requests import stream_file
from tests.server import Frames, ServerProcess


@pytest.fixture(scope="module")
def watched(server: ServerProcess, long_talk: Path) -> Frames:
    """Three minutes of speech whose viewer is at 1:20."""
    return stream_file(server, long_talk, target_lang="es", position_s="80", force_refresh="true")


def test_the_first_translated_cue_is_of_the_part_that_is_watched(watched: Frames) -> None:
    first = watched.cues[0]
    assert 73_000 <= first["start"] <= 85_000
    assert first["translatedText"] not in ("", first["text"])


def test_from_there_to_the_end_and_then_what_came_before(watched: Frames) -> None:
    starts = [cue["start"] for cue in watched.cues]
    ahead = [start for start in starts if start >= starts[0]]
    before = [start for start in starts if start < starts[0]]
    assert ahead == sorted(ahead)
    assert before == sorted(before)
    assert before[0] < 5_000
    assert ahead[-1] > 170_000
    # A window of the rest may fill a batch of the part ahead that has room for it, and a window
    # at the recording's end may come after that.
    middle_ahead, middle_before = (starts.index(part[len(part) // 2]) for part in (ahead, before))
    assert middle_ahead < middle_before
    soon = [place for place, start in enumerate(starts) if starts[0] <= start < 120_000]
    assert soon[-1] < starts.index(before[-1])


def test_the_result_is_sorted_whole_and_without_overlap(watched: Frames) -> None:
    assert watched.result is not None
    cues = watched.result["subtitles"]
    assert sorted(watched.cues, key=lambda cue: cue["start"]) == cues
    assert all(a["end"] <= b["start"] for a, b in itertools.pairwise(cues))
    seam = cues.index(watched.cues[0])
    assert cues[seam]["start"] - cues[seam - 1]["end"] < 8_000, "the seam lost speech"


def test_the_progress_never_falls_and_ends_complete(watched: Frames) -> None:
    percents = [stage["percent"] for stage in watched.stages]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_a_position_beyond_the_end_still_gives_all(server: ServerProcess, dialogue: Path) -> None:
    frames = stream_file(server, dialogue, position_s="600", force_refresh="true")
    assert frames.result is not None
    assert frames.result["subtitles"][0]["start"] < 3_000


@pytest.mark.parametrize("bad", ["-1", "soon", "1e12"])
def test_a_bad_position_is_named(server: ServerProcess, dialogue: Path, bad: str) -> None:
    with server.client() as client, dialogue.open("rb") as file:
        answer = client.post("/api/process", files={"file": file}, data={"position_s": bad})
    assert answer.status_code == 400
    assert "position_s" in answer.json()["error"]
