"""Right-to-left lines as players draw them: Chromium for WebVTT, libass for the others."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style import InlineStyle, Placement, ink_runs
from app.domain.time import Span
from app.services.render.file_writer import render
from scripts.make_picture import CHROMIUM

WIDTH, HEIGHT = 640, 360
LINES = {
    "NASA שיגרה לוויין חדש.": "left",
    "(BBC) אמר לא.": "left",
    "Hello, world.": "right",
    "OK، شكرا.": "left",
}
"""Lines of a file in Hebrew or Arabic, and the side of the line that its full stop belongs to."""

_PATIENCE_MS = (3_000, 10_000, 40_000)
"""How long a browser may take to draw; the longer ones are for a busy machine."""

Picture = NDArray[np.uint8]


def cues(*, styled: bool = False) -> list[Cue]:
    """The lines, a second each."""
    return [
        Cue(
            number,
            Span(number * 1000, number * 1000 + 1000),
            line,
            language="he",
            placement=Placement(8) if styled else None,
            runs=ink_runs([(line, InlineStyle(italic=True))]) if styled else (),
        )
        for number, line in enumerate(LINES)
    ]


def is_drawn(picture: Picture) -> bool:
    """Whether there is text on a video; a page whose videos are not drawn yet is white."""
    share = float((picture.min(axis=2) > 150).mean())
    return 0 < share < 0.5


def full_stop_side(picture: Picture) -> str:
    """Return on which side of a line of text something small stands."""
    ink = picture.min(axis=2) > 150
    assert ink.any(), "nothing is drawn"
    columns = np.flatnonzero(ink.any(axis=0))
    letters = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    heights = [np.ptp(np.flatnonzero(ink[:, each].any(axis=1))) for each in letters]
    sides = {"left": heights[0], "right": heights[-1]}
    small = [side for side, height in sides.items() if height < max(heights) / 3]
    assert len(small) == 1, sides
    return small[0]


def drawn_by_libass(folder: Path, format_name: str, shown: Sequence[Cue]) -> list[Picture]:
    """Return a frame of each cue."""
    name = f"lines.{format_name}"
    (folder / name).write_text(render(shown, format_name, DEFAULT_PROFILE, "he"), encoding="utf-8")
    video = f"color=c=black:s={WIDTH}x{HEIGHT}:r=2:d={len(shown)}"
    style = "Fontname=DejaVu Sans,Outline=0,Shadow=0" + ",Fontsize=22" * (format_name == "srt")
    filters = f"subtitles={name}:force_style='{style}',select='mod(n\\,2)'"
    command = f"ffmpeg -v error -f lavfi -i {video} -fps_mode vfr -f rawvideo -pix_fmt rgb24 -vf"
    done = subprocess.run(
        [*command.split(), filters, "-"],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=120,
    )
    return list(np.frombuffer(done.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, 3))


@pytest.mark.parametrize("format_name", ["srt", "ass"])
@pytest.mark.parametrize("styled", [False, True])
def test_case_44_libass_puts_the_full_stop_where_the_language_ends(
    format_name: str, tmp_path: Path, *, styled: bool
) -> None:
    pictures = drawn_by_libass(tmp_path, format_name, cues(styled=styled))
    assert list(map(full_stop_side, pictures)) == list(LINES.values())


def data_url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def page(folder: Path, shown: Sequence[Cue]) -> Path:
    """Return a page with a video for each cue, one below the other."""
    source = f"color=c=black:s={WIDTH}x{HEIGHT}:r=2:d=3"
    subprocess.run(
        f"ffmpeg -v error -f lavfi -i {source} -c:v libvpx blank.webm".split(),
        cwd=folder,
        check=True,
        timeout=60,
    )
    video = data_url("video/webm", (folder / "blank.webm").read_bytes())
    style = '*{margin:0}video{display:block}::cue{font-family:"DejaVu Sans"}'
    parts = [f"<!doctype html><meta charset=utf-8><style>{style}</style>"]
    for cue in shown:
        alone = Cue(0, Span(0, 3000), cue.text, placement=cue.placement, runs=cue.runs)
        file = render([alone], "vtt", DEFAULT_PROFILE, "he").encode()
        parts.append(
            f'<video muted width={WIDTH} height={HEIGHT} src="{video}" '
            'onloadeddata="this.currentTime=1"><track default kind=subtitles '
            f'srclang=he src="{data_url("text/vtt", file)}"></video>'
        )
    path = folder / "page.html"
    path.write_text("".join(parts), encoding="utf-8")
    return path


def pixels(path: Path) -> Picture:
    command = f"ffmpeg -v error -i {path} -f rawvideo -pix_fmt rgb24 -"
    done = subprocess.run(command.split(), capture_output=True, check=True, timeout=60)
    return np.frombuffer(done.stdout, np.uint8)


def drawn_by_chromium(folder: Path, shown: Sequence[Cue]) -> list[Picture]:
    """Return a picture of each cue."""
    address, shot = page(folder, shown).as_uri(), folder / "shot.png"
    pictures: list[Picture] = []
    for patience_ms in _PATIENCE_MS:
        subprocess.run(
            [
                *CHROMIUM,
                f"--user-data-dir={folder}/profile",
                f"--screenshot={shot}",
                f"--window-size={WIDTH},{HEIGHT * len(shown)}",
                f"--timeout={patience_ms}",
                address,
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        whole = pixels(shot).reshape(HEIGHT * len(shown), WIDTH, 3)
        pictures = [whole[HEIGHT * n : HEIGHT * (n + 1)] for n in range(len(shown))]
        if all(map(is_drawn, pictures)):
            break
    return pictures


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser is installed")
def test_case_44_chromium_puts_the_full_stop_where_the_language_ends(tmp_path: Path) -> None:
    pictures = drawn_by_chromium(tmp_path, [*cues(), *cues(styled=True)])
    assert list(map(full_stop_side, pictures)) == [*LINES.values()] * 2
    heights = [np.flatnonzero(picture.max(axis=(1, 2)) > 150)[0] for picture in pictures]
    assert all(height > HEIGHT / 2 for height in heights[: len(LINES)])
    assert all(height < HEIGHT / 4 for height in heights[len(LINES) :])
