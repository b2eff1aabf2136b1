"""Dubbing with real voices and real ffmpeg."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.operations.dubbing import (
    Dubber,
    cues_of,
    decoded,
    lines_of,
    make_media,
    onsets_ms,
)

RATE_HZ = 44_100
CUES = cues_of(
    (700, 2400, "Good evening, and welcome."),
    (3300, 5200, "The house is near the river."),
    (6050, 8000, "Thank you very much."),
)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine and a bit seconds of stereo noise with a picture, at a rate that is not ours."""
    path = tmp_path_factory.mktemp("dub") / "talk.mkv"
    return make_media(
        path,
        "anoisesrc=d=9.1234:c=pink:a=0.05:r=44100,aformat=channel_layouts=stereo",
        "testsrc=d=9.12:s=64x64:r=10",
        **{"c:a": "flac", "c:v": "libx264", "preset": "ultrafast"},
    )


async def test_every_line_begins_with_its_cue_and_the_length_is_the_originals(
    talk: Path, tmp_path: Path
) -> None:
    result = await Dubber(tmp_path, CUES).dub(talk, mode="replace")
    (file,) = result.files
    sound = decoded(file.path, RATE_HZ)
    assert len(sound) == len(decoded(talk, RATE_HZ)) == result.fields["samples"]
    for wanted, begun in zip(CUES, onsets_ms(sound, RATE_HZ, 500), strict=True):
        assert abs(begun - wanted.span.start_ms) <= 100
    lines = lines_of(result)
    assert all(line["fits"] and line["spoken"] and not line["overlaps"] for line in lines)
    assert all(a["end_ms"] <= b["start_ms"] for a, b in zip(lines, lines[1:], strict=False))
