"""Draw the pictures of `docs/media.md`: captions in several scripts, and highlighted words.

usage: .venv/bin/python -m scripts.caption_pictures
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from pathlib import Path

from app.services.operations.caption_highlight import timed_words
from app.services.operations.highlight_script import highlight_script
from app.services.operations.highlight_style import HighlightStyle
from app.services.operations.subtitle_script import ScriptTarget, script_of_file

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "pictures"
_SIZES = {"wide": (960, 540), "upright": (540, 960)}
_TEXTS = (
    "Where does the river go?",
    "الماء يجري إلى البحر.",
    "הנהר זורם אל הים.",
    "नदी समुद्र तक जाती है।",
    "แม่น้ำไหลลงสู่ทะเล",
    "川は海へ流れます。",
    "江水流入大海。",
    "강은 바다로 흐릅니다. 🌊",
)
_WORDS = ("The", "river", "runs", "down.", "It", "meets", "the", "sea")


async def main() -> None:
    """Write all pictures."""
    PICTURES.mkdir(exist_ok=True)
    for shape, size in _SIZES.items():
        _draw_captions(await _scripts(size), size, PICTURES / f"caption-{shape}.jpg")
        words = [
            {"word": word, "start": place * 0.4, "end": place * 0.4 + 0.4}
            for place, word in enumerate(_WORDS)
        ]
        style = HighlightStyle(padding_vertical=160)
        script = highlight_script(timed_words(words), style, "en", ScriptTarget(size).canvas)
        _draw(script, size, 1.8, PICTURES / f"highlight-{shape}.jpg")


async def _scripts(size: tuple[int, int]) -> list[str]:
    files = (f"1\n00:00:00,000 --> 00:00:05,000\n{text}\n".encode() for text in _TEXTS)
    return [(await script_of_file(file, ScriptTarget(size))).text for file in files]


def _draw_captions(scripts: list[str], size: tuple[int, int], path: Path) -> None:
    """Draw one caption of each script onto the lower edge of its own strip."""
    with tempfile.TemporaryDirectory() as folder:
        strips = [Path(folder) / f"{place}.png" for place in range(len(scripts))]
        for script, strip in zip(scripts, strips, strict=True):
            _draw(script, size, 1, strip, f",crop={size[0]}:{size[1] // 8}:0:{size[1] * 13 // 16}")
        inputs = [part for strip in strips for part in ("-i", str(strip))]
        stack = f"vstack=inputs={len(strips)}"
        _ffmpeg(*inputs, "-filter_complex", stack, "-frames:v", "1", str(path))


def _draw(script: str, size: tuple[int, int], at_s: float, path: Path, more: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "script.ass"
        file.write_text(script, encoding="utf-8")
        width, height = size
        source = f"gradients=s={width}x{height}:c0=0x224466:c1=0x668844:d=4:r=25:seed=1"
        drawn = f"ass={file}{more}"
        picture = ("-vf", drawn, "-ss", str(at_s), "-frames:v", "1", "-q:v", "4", str(path))
        _ffmpeg("-f", "lavfi", "-i", source, *picture)


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True)


if __name__ == "__main__":
    asyncio.run(main())
