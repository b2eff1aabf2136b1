"""Scripts of the world burned in: each frame shows the glyphs that their font has, in order."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from app.services.operations.burn_fonts import EMOJI, font_of
from tests.services.operations.conftest import Make, Operations

TEXTS = {
    "Latin": ("Žluťoučký kůň", "cs"),
    "Cyrillic": ("Съешь ещё", "ru"),
    "Chinese": ("河水上涨了", "zh"),
    "Japanese": ("川が増えた", "ja"),
    "Korean": ("강이 불었다", "ko"),
    "Arabic": ("ارتفع النهر", "ar"),
    "Hebrew": ("הנהר עלה", "he"),
    "Devanagari": ("नदी बढ़ गई", "hi"),
    "Thai": ("แม่น้ำขึ้น", "th"),
    "emoji": ("😀🌊", "en"),
}
LIT = 140
"""Grey that text has and the video's colour has not."""

RATE = 10
"""Frames a second."""

SHOWN = 4
"""For how many frames each text is shown."""


def cues() -> str:
    """Return all texts as SubRip, one after another."""
    shown = []
    for number, (text, _) in enumerate(TEXTS.values()):
        start, end = (
            f"00:00:{ms // 1000:02},{ms % 1000:03}" for ms in (400 * number, 400 * number + 400)
        )
        shown.append(f"{number + 1}\n{start} --> {end}\n{text}\n")
    return "\n".join(shown)


def box(grey: np.ndarray) -> np.ndarray:
    """Return the part of a picture that has light in it."""
    rows, columns = np.flatnonzero((grey > LIT).any(1)), np.flatnonzero((grey > LIT).any(0))
    assert rows.size, "nothing is drawn"
    return grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def reference(text: str, language: str) -> np.ndarray:
    """Return a text as another renderer sets it, in the font that it is to have."""
    family = font_of(text, language) or EMOJI
    found = subprocess.run(
        ["fc-match", "-f", "%{file}\n%{index}", family], capture_output=True, check=True
    )
    file, index = found.stdout.decode().split("\n")
    font = ImageFont.truetype(file, 96, int(index), layout_engine=ImageFont.Layout.RAQM)
    picture = Image.new("L", (1600, 300))
    ImageDraw.Draw(picture).text((50, 50), text, 255, font, language=language)
    return box(np.asarray(picture))


def likeness(drawn: np.ndarray, wanted: np.ndarray) -> float:
    """Return the correlation of two pictures of one text, 1 for equal ones."""
    sized = Image.fromarray(wanted).resize(drawn.shape[::-1], Image.Resampling.BOX)
    return float(np.corrcoef(drawn.ravel(), np.asarray(sized).ravel())[0, 1])


@pytest.mark.parametrize("size", [(480, 270), (270, 480)], ids=["wide", "upright"])
async def test_each_script_is_drawn_as_another_renderer_draws_it(
    operations: Operations, make: Make, size: tuple[int, int]
) -> None:
    width, height = size
    length_s = len(TEXTS) * SHOWN / RATE
    plain = f"color=0x335577:s={width}x{height}:r={RATE}:d={length_s}"
    video = make(f"{width}.mp4", "-f", "lavfi", "-i", plain, "-pix_fmt", "yuv420p")
    style = {"Outline": 0, "Shadow": 0, "FontSize": 10_800 // height}
    result = await operations.run("caption", url_video=video, subtitles=cues(), force_style=style)
    assert not result.notices
    command = ["ffmpeg", "-v", "error", "-i", str(result.files[0].path), "-f", "rawvideo"]
    raw = subprocess.run([*command, "-pix_fmt", "gray", "-"], check=True, capture_output=True)
    frames = np.frombuffer(raw.stdout, np.uint8).reshape(-1, height, width)
    wanted = {name: reference(*given) for name, given in TEXTS.items()}
    for number, name in enumerate(TEXTS):
        drawn = box(frames[SHOWN * number])
        assert drawn.shape[1] / drawn.shape[0] == pytest.approx(
            wanted[name].shape[1] / wanted[name].shape[0], rel=0.15
        )
        found = {other: likeness(drawn, each) for other, each in wanted.items()}
        assert max(found, key=lambda other: found[other]) == name
        assert found[name] > 0.7, name
