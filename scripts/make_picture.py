"""Make docs/demo.png: the output of `make demo` beside its video with subtitles.

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
_SAMPLE = ROOT / "samples" / "two-voices.mp4"
_FRAMES_S = (8.0, 23.0, 43.0)
_SHOWN_LINES = 27
_CHROMIUM = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=2",
)

_PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 24px; background: #f2f4f8; display: flex; gap: 20px;
  align-items: stretch; }}
pre {{ margin: 0; padding: 18px 22px; background: #11151f; color: #d7dce6; border-radius: 10px;
  font: 13px/1.42 "DejaVu Sans Mono", monospace; flex: 1; }}
pre b {{ color: #8bd5ff; font-weight: normal; }} pre i {{ color: #ffd479; font-style: normal; }}
pre u {{ color: #7c869c; text-decoration: none; }}
div {{ display: flex; flex-direction: column; gap: 14px; justify-content: space-between; }}
img {{ width: 316px; border-radius: 10px; display: block; }}
</style><pre>{terminal}</pre><div>{pictures}</div>"""


def main() -> int:
    """Run the demo, take frames of the subtitled video, and photograph both."""
    demo = [sys.executable, "-m", "scripts.demo"]
    printed = subprocess.run(demo, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        pictures = "".join(_picture(second) for second in _FRAMES_S)
        page.write_text(_PAGE.format(terminal=_terminal(printed), pictures=pictures))
        shot = ROOT / "docs" / "demo.png"
        profile = f"--user-data-dir={folder}/profile"
        size = "--window-size=1080,620"
        command = [*_CHROMIUM, profile, size, f"--screenshot={shot}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
    return 0


def _terminal(printed: str) -> str:
    shown = ["$ make demo", *printed.splitlines()]
    cues = [number for number, line in enumerate(shown) if " - 00:" in line]
    start = max(0, cues[0] - 6)
    lines = [shown[0], *shown[start : start + _SHOWN_LINES], "   ..."]
    return "\n".join(_coloured(line) for line in lines)


def _coloured(line: str) -> str:
    text = html.escape(line)
    if " - 00:" in line:
        return f"<b>{text}</b>"
    if line.startswith(" " * 10):
        return f"<i>{text}</i>"
    return f"<u>{text}</u>" if " %  " in line else text


def _picture(second: float) -> str:
    command = ["ffmpeg", "-v", "error", "-i", str(_SAMPLE), "-vf", "subtitles=out/demo.ass"]
    command += ["-ss", str(second), "-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "-"]
    png = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}">'


if __name__ == "__main__":
    sys.exit(main())
