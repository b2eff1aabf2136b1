"""Make docs/demo.png: what `make demo` leaves on a terminal, beside its video with subtitles.

Run as ``python -m scripts.make_picture`` with Debian's chromium and ffmpeg installed.
"""

from __future__ import annotations

import base64
import html
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SAMPLE = ROOT / "samples" / "voicemail.mp4"
_FRAMES = (("es", 20.0), ("es", 60.0), ("en", 7.0), ("en", 28.4))
"""Subtitles' language and position, s, of each frame."""

_SHOWN_CUES = 6
"""Cues of each direction that are shown; the others are left out."""

_SHARP = "--force-device-scale-factor=2"

CHROMIUM = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
"""A browser without a window that asks nobody for anything."""

_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 24px; background: #f2f4f8; display: flex; gap: 20px;
  align-items: stretch; }}
pre {{ margin: 0; padding: 18px 22px; background: #11151f; color: #d7dce6; border-radius: 10px;
  font: 13px/1.42 "DejaVu Sans Mono", monospace; flex: 1; }}
pre b {{ color: #8bd5ff; font-weight: normal; }} pre i {{ color: #ffd479; font-style: normal; }}
div {{ display: flex; flex-direction: column; gap: 14px; justify-content: space-between; }}
img {{ width: 316px; border-radius: 10px; display: block; }}
</style><pre>{terminal}</pre><div>{pictures}</div>"""


def main() -> int:
    """Run the demo, take frames of the subtitled video, and photograph both."""
    demo = [sys.executable, "-m", "scripts.demo"]
    printed = subprocess.run(demo, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        pictures = "".join(_picture(*frame) for frame in _FRAMES)
        page.write_text(_PAGE.format(terminal=_terminal(printed), pictures=pictures))
        shot = ROOT / "docs" / "demo.png"
        profile = f"--user-data-dir={folder}/profile"
        size = "--window-size=1240,802"
        command = [*CHROMIUM, _SHARP, profile, size, f"--screenshot={shot}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
    return 0


def _terminal(printed: str) -> str:
    """Return the lines that stay on a terminal, without most of the cues."""
    lasting = [
        line for line in printed.splitlines() if not line.startswith("  ") or _is_result(line)
    ]
    shown = ["$ make demo"]
    cues = 0
    for line in lasting[: lasting.index("Files:")]:
        cues = 0 if "with subtitles in" in line else cues + _is_cue(line)
        within = _is_cue(line) or line.startswith(" " * 20)
        if not within or cues <= _SHOWN_CUES:
            shown.append(line)
        elif cues == _SHOWN_CUES + 1 and _is_cue(line):
            shown.append("  ...")
    return "\n".join(_coloured(line) for line in shown).rstrip()


def _is_cue(line: str) -> bool:
    return " - 0" in line


def _is_result(line: str) -> bool:
    """Whether a line stays; progress is replaced in place."""
    return " %  " not in line and line != "  Loading the engines"


def _coloured(line: str) -> str:
    text = html.escape(line)
    if _is_cue(line):
        return f"<b>{text}</b>"
    if line.startswith(" " * 20):
        return f"<i>{text}</i>"
    return text


def _picture(language: str, second: float) -> str:
    command = ["ffmpeg", "-v", "error", "-i", str(_SAMPLE)]
    command += ["-vf", f"subtitles=out/demo.{language}.ass"]
    command += ["-ss", str(second), "-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "-"]
    png = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}">'


if __name__ == "__main__":
    sys.exit(main())
