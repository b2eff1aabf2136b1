"""Looks of subtitles in the frames: colours, place, size, lines, the word that is lit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.domain.errors import InvalidFieldError
from tests.services.operations.conftest import Make, Operations

WIDTH, HEIGHT = 640, 360
RED, YELLOW, WHITE = (214, 0, 0), (255, 255, 0), (255, 255, 255)


def srt(text: str) -> str:
    return f"1\n00:00:00,000 --> 00:00:02,000\n{text}\n"


@pytest.fixture(scope="module")
def video(make: Make) -> str:
    plain = f"color=0x335577:s={WIDTH}x{HEIGHT}:r=10:d=1.2"
    return make("plain.mp4", "-f", "lavfi", "-i", plain, "-pix_fmt", "yuv420p", "-an")


def frames_of(path: Path) -> np.ndarray:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 3).astype(int)


def places(frame: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """Return which pixels have a colour, as far as an encoder keeps it."""
    return (abs(frame - np.array(colour)).max(2) < 60).astype(bool)


def bands(mask: np.ndarray) -> int:
    """Return how many lines of text there are, by the rows that hold some."""
    rows = mask.any(1)
    return int((rows[1:] & ~rows[:-1]).sum())


def height(mask: np.ndarray) -> int:
    rows = np.flatnonzero(mask.any(1))
    return int(rows[-1] - rows[0] + 1)


async def segments(operations: Operations, video: str, text: str, **style: object) -> np.ndarray:
    """Return the first frame of a video with subtitles in a style."""
    result = await operations.run(
        "caption_segments", url_video=video, subtitles=srt(text), style=style
    )
    assert result.message == "Caption added successfully"
    return frames_of(result.files[0].path)[0]


async def test_a_sentence_begins_a_line_and_an_ellipsis_does_not(
    operations: Operations, video: str
) -> None:
    font = {"size": 90}
    two = await segments(operations, video, "NOW. HERE", font=font)
    one = await segments(operations, video, "NOW... HERE", font=font)
    assert bands(places(two, WHITE)) == 2
    assert bands(places(one, WHITE)) == 1
    assert places(one, WHITE)[HEIGHT // 2 :].sum() == places(one, WHITE).sum(), "low by default"


async def test_colours_place_size_and_capitals_are_those_of_the_style(
    operations: Operations, video: str
) -> None:
    colours = {"primary": "#FFFF00", "outline": "#D60000"}
    position = {"alignment": 8, "marginVertical": 60}
    box = {"style": 3, "width": 6}
    small = await segments(
        operations, video, "hoe", font={"size": 60}, colors=colours, position=position, border=box
    )
    text = places(small, YELLOW)
    rows = np.flatnonzero(places(small, RED).any(1))
    assert text.any()
    assert not text[HEIGHT // 2 :].any(), "8 is the top"
    # 60 of 1080 lines, less the box's edge of 6 and up to the line's own height above its letters.
    assert 54 / 1080 * HEIGHT - 2 <= rows[0] <= 66 / 1080 * HEIGHT
    assert places(small, RED).sum() > 2 * text.sum(), "a box, not an outline"
    large = await segments(
        operations, video, "hoe", font={"size": 120}, colors=colours, position=position
    )
    assert height(places(large, YELLOW)) == pytest.approx(2 * height(text), abs=3)
    raised = await segments(operations, video, "hoe", uppercase=True, font={"size": 120})
    capitals = await segments(operations, video, "HOE", font={"size": 120})
    assert np.array_equal(raised, capitals)


@pytest.mark.parametrize(
    "style",
    [
        {"colors": {"primary": "red"}},
        {"font": {"name": "x,{\\p1}"}},
        {"position": {"alignment": 10}},
        {"border": {"width": "NaN"}},
    ],
)
async def test_a_style_that_is_none_is_refused(
    operations: Operations, video: str, style: dict[str, object]
) -> None:
    with pytest.raises(InvalidFieldError):
        await segments(operations, video, "x", **style)


async def test_contract_c7_13_one_word_at_a_time_is_lit_where_it_stands(
    operations: Operations, video: str
) -> None:
    words = [
        {"word": word, "start": 0.4 * n, "end": 0.4 * n + 0.4}
        for n, word in enumerate(("One", "two.", "three"))
    ]
    result = await operations.run("caption_highlight", url_video=video, words=words)
    frames = frames_of(result.files[0].path)
    lit = []
    for number in range(3):
        first, second = frames[4 * number], frames[4 * number + 3]
        mask = places(first, YELLOW)
        assert mask.sum() > 20
        assert abs(int(mask.sum()) - int(places(second, YELLOW).sum())) < mask.sum() / 5
        assert places(first, RED).sum() > mask.sum() / 2, "on its own ground"
        assert places(first, WHITE).sum() > mask.sum(), "the other words stay"
        y, x = np.nonzero(mask)
        lit.append((x.mean(), y.mean()))
    (one_x, one_y), (two_x, two_y), (_, three_y) = lit
    assert two_x > one_x + 20, "the next word of the line"
    assert abs(two_y - one_y) < 12
    assert three_y > one_y + 12, "the line below, behind a full stop"
