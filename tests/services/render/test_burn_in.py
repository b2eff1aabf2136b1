"""ffmpeg draws the files onto a video: the text shows where and while it should."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.time import Span
from app.services.render.file_writer import render

WIDTH, HEIGHT, FPS, SECONDS = 320, 180, 10, 3
CUES = [
    Cue(0, Span(500, 1_200), "Good evening to all of you.", speaker="SPEAKER_00"),
    Cue(1, Span(1_800, 2_500), "Good evening to you.", speaker="SPEAKER_01"),
]
DURING = {0: range(5, 12), 1: range(18, 25)}

Frames = NDArray[np.uint8]


def play(folder: Path, subtitles: str | None = None) -> Frames:
    """Frames of a grey video with a subtitle file drawn on it, shape (frames, rows, columns, 3)."""
    filters = "format=rgb24" if subtitles is None else f"format=rgb24,subtitles={subtitles}"
    source = f"color=c=0x404040:s={WIDTH}x{HEIGHT}:r={FPS}:d={SECONDS}"
    done = subprocess.run(
        f"ffmpeg -v error -f lavfi -i {source} -vf {filters} -f rawvideo -pix_fmt rgb24 -".split(),
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=120,
    )
    frames = np.frombuffer(done.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    assert len(frames) == FPS * SECONDS
    return frames


def burn(folder: Path, format_name: str, cues: list[Cue]) -> Frames:
    name = f"burn.{format_name}"
    (folder / name).write_text(render(cues, format_name, DEFAULT_PROFILE), encoding="utf-8")
    return play(folder, name)


@pytest.mark.parametrize("format_name", ["srt", "ass", "vtt"])
def test_text_is_drawn_low_in_the_picture_during_its_cue_alone(
    format_name: str, tmp_path: Path
) -> None:
    changed = burn(tmp_path, format_name, CUES) != play(tmp_path)
    shows = set(DURING[0]) | set(DURING[1])
    for number, frame in enumerate(changed):
        assert frame[HEIGHT * 2 // 3 :].any() == (number in shows), number
        assert not frame[: HEIGHT * 2 // 3].any(), number


@pytest.mark.parametrize("format_name", ["srt", "ass"])
@pytest.mark.parametrize(
    "text", ["{\\an8}{this was said}", "<font size=99>small</font>", "a\\Na\\Na\\Na\\N said"]
)
def test_text_that_looks_like_an_order_is_drawn_as_text(
    text: str, format_name: str, tmp_path: Path
) -> None:
    cue = Cue(0, Span(500, 1_200), text)
    changed = (burn(tmp_path, format_name, [cue]) != play(tmp_path))[DURING[0][2]]
    rows, columns = changed.any(axis=(1, 2)), changed.any(axis=(0, 2))
    assert columns.sum() > 60
    assert 5 < rows.sum() < 20
    assert not rows[: HEIGHT * 2 // 3].any()


def test_speakers_are_drawn_in_two_colours(tmp_path: Path) -> None:
    frames = burn(tmp_path, "ass", CUES).astype(int)
    red, green, blue = (frames[..., channel] for channel in range(3))
    yellow = ((red > 180) & (green > 180) & (blue < 60)).sum(axis=(1, 2))
    white = ((red > 180) & (green > 180) & (blue > 180)).sum(axis=(1, 2))
    first, second = DURING[0][2], DURING[1][2]
    assert white[first] > 5
    assert yellow[first] == 0
    assert yellow[second] > 5
    assert white[second] == 0
