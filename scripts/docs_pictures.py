"""Makes the pictures of the documentation with a real server: page, editor and terminal.

Run as ``python -m scripts.docs_pictures`` with chromium, ffmpeg and Playwright installed; names as
arguments (``terminal``, ``form``, ``page``, ``editor``, ``states``, ``phone``) choose among them.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.settings import child_environment
from scripts.local_server import ROOT, LocalServer, local_server
from scripts.terminal_picture import pictured_command

SAMPLE = ROOT / "samples" / "voicemail.mp4"
PICTURES = ROOT / "docs" / "pictures"
GROUPS = ("terminal", "form", "page", "editor", "states", "phone")

_READY_S = 600
_LIMIT_MS = 1_800_000
_PAINT_MS = 1500
"""For the picture of the video after a jump; the policy forbids to poll by a script."""
_SECOND = 20
"""Position in the sample that is shown, s."""
_COLOURS = 256
_WITH_VIDEO = frozenset({"page-light", "page-dark", "page-phone"})
"""Their palette is by the median cut, which keeps gradients smooth; elsewhere it is by an octree,
which keeps colours of few pixels, such as a state's dot."""
_SPEAKERS = {1: "Voicemail", 4: "Reader", 5: "Reader", 6: "Voicemail"}
"""Who speaks in some cues of the sample; as an editor would write it."""
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "OMP_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take the pictures that the arguments name, or all."""
    parser = argparse.ArgumentParser(description="Make the pictures of the documentation.")
    parser.add_argument("groups", nargs="*", metavar="group", help=", ".join(GROUPS))
    parser.add_argument("--out", type=Path, default=PICTURES, help="folder for the pictures")
    options = parser.parse_args(arguments)
    groups = set(options.groups or GROUPS)
    if unknown := groups - set(GROUPS):
        parser.error(f"no such pictures: {', '.join(sorted(unknown))}")
    options.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        pictured_server(Path(folder)) as server,
        sync_playwright() as playwright,
    ):
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        Pictures(browser, server, Path(folder), options.out).take(groups)
        browser.close()
    return 0


@contextmanager
def pictured_server(folder: Path) -> Iterator[LocalServer]:
    """Run a server with the embedded engines, whatever the caller's variables say."""
    here = child_environment()
    environment = {name: here[name] for name in _KEPT if name in here}
    environment |= {"CACHE_DIR": str(folder / "cache"), "ALIGNMENT_ENABLED": "false"}
    with local_server(environment, folder, folder / "server.log") as server:
        server.wait_ready(_READY_S)
        yield server


class Pictures:
    """Takes pictures of one server.

    Args:
        browser: Chromium.
        server: ready to work.
        folder: for files that are sent.
        out: folder for the pictures.
    """

    def __init__(self, browser: Browser, server: LocalServer, folder: Path, out: Path) -> None:
        self._browser = browser
        self._server = server
        self._folder = folder
        self._out = out
        self._job = ""

    def take(self, groups: set[str]) -> None:
        """Take the pictures of some groups; the terminal first, while nothing is cached."""
        if "terminal" in groups:
            self._terminal()
        if "form" in groups:
            page = self._opened(1360, 800)
            self._shot(page, "page-new")
            page.close()
        if groups & {"page", "editor", "phone"}:
            page = self._finished()
            if "page" in groups:
                self._page(page)
            if "editor" in groups:
                self._editor(page)
            page.close()
        if "phone" in groups:
            self._phone()
        if "states" in groups:
            self._states()

    @property
    def address(self) -> str:
        """The address that the browser and the command ask."""
        return f"http://127.0.0.1:{self._server.port}"

    def _terminal(self) -> None:
        talk = self._folder / "talk.mp4"
        shutil.copyfile(SAMPLE, talk)
        environment = {
            "PATH": child_environment()["PATH"],
            "HOME": str(self._folder),
            "PYTHONPATH": str(ROOT),
            "CUESTREAM_SERVER": self.address,
            "CUESTREAM_API_KEY": self._server.key,
        }
        words = ("talk.mp4", "--to", "es", "--live")
        svg = pictured_command(words, self._folder, environment)
        page = self._browser.new_page(device_scale_factor=1)
        page.set_content(svg)
        self._store(page.locator("svg").screenshot(), "terminal")
        page.close()

    def _finished(self) -> Page:
        """Return a page with a finished job, at a cue of its video."""
        page = self._opened(1360, 800)
        page.select_option("[name=target_lang]", "es")
        page.set_input_files("#file", SAMPLE)
        expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=_LIMIT_MS)
        expect(page.get_by_role("button", name="Edit cues")).to_be_visible()
        self._job = page.evaluate("location.hash")
        _watch(page)
        return page

    def _page(self, page: Page) -> None:
        self._shot(page, "page-light")
        page.select_option("#theme", "dark")
        self._shot(page, "page-dark")
        page.select_option("#theme", "light")

    def _editor(self, page: Page) -> None:
        # Tall enough that no part of the editor is behind the page's head.
        page.set_viewport_size({"width": 1360, "height": 2200})
        page.get_by_role("button", name="Edit cues").click()
        editor = page.locator("cue-editor")
        row = editor.locator(".row")
        expect(row.first).to_be_visible()
        for number, speaker in _SPEAKERS.items():
            row.nth(number - 1).click()
            editor.locator(".detail [name=speaker]").fill(speaker)
        row.nth(4).click()
        editor.locator(".status[data-state=saved]").wait_for(timeout=_LIMIT_MS)
        editor.evaluate("editor => { editor.style.height = '800px'; }")
        for theme in ("light", "dark"):
            page.select_option("#theme", theme)
            page.wait_for_timeout(_PAINT_MS)
            self._store(editor.screenshot(), f"editor-{theme}")

    def _phone(self) -> None:
        page = self._opened(390, 844)
        page.goto(f"{self.address}/{self._job}")
        page.locator(".tools input").set_input_files(SAMPLE)
        expect(page.locator(".cues li").first).to_be_visible()
        _watch(page)
        self._shot(page, "page-phone")
        page.close()

    def _states(self) -> None:
        """Take a refusal, the queue and the state of the server."""
        page = self._opened(1360, 800)
        page.fill("[name=url]", "http://127.0.0.1/private.mp4")
        page.click(".new .main")
        expect(page.locator(".problem")).to_be_visible()
        self._shot(page, "page-error")
        page.set_viewport_size({"width": 1360, "height": 420})
        self._begin(page, SAMPLE)
        expect(page.locator(".job[data-state=done]")).to_be_visible(timeout=_LIMIT_MS)
        for name, tempo in (("lecture", 0.97), ("interview", 0.94), ("interview-2", 0.91)):
            self._begin(page, long_recording(self._folder / f"{name}.mp4", tempo))
        page.get_by_text("Cancel job").click()
        page.click("#views a[href='#jobs']")
        last = page.locator("tbody tr").filter(has_text="interview-2.mp4")
        expect(last).to_contain_text("Cancelled", timeout=_LIMIT_MS)
        self._shot(page, "page-jobs")
        page.set_viewport_size({"width": 1360, "height": 800})
        page.click("#views a[href='#server']")
        expect(page.locator(".panels").first).to_be_visible()
        self._shot(page, "page-server")
        page.close()

    def _begin(self, page: Page, path: Path) -> None:
        """Begin a job, and wait until the server has it."""
        page.click("#views a[href='#new']")
        page.set_input_files("#file", path)
        expect(page.locator(".job[data-connection=open]")).to_be_visible(timeout=_LIMIT_MS)

    def _opened(self, width: int, height: int) -> Page:
        """Return a page that has the server's key and shows the form."""
        page = self._browser.new_page(
            viewport={"width": width, "height": height}, locale="en-GB", color_scheme="light"
        )
        page.goto(f"{self.address}/")
        page.fill("#key-field", self._server.key)
        page.click("#key-dialog .main")
        expect(page.locator("[name=profile] option").first).to_be_attached()
        return page

    def _shot(self, page: Page, name: str) -> None:
        page.mouse.move(0, 0)  # what lies below the pointer looks as if it were chosen
        page.wait_for_timeout(_PAINT_MS)
        self._store(page.screenshot(), name)

    def _store(self, png: bytes, name: str) -> None:
        """Store a picture with a palette, which is a third of the size."""
        with Image.open(io.BytesIO(png)) as picture:
            kinds = Image.Quantize
            method = kinds.MEDIANCUT if name in _WITH_VIDEO else kinds.FASTOCTREE
            small = picture.convert("RGB").quantize(_COLOURS, method, dither=Image.Dither.NONE)
            small.save(self._out / f"{name}.png", optimize=True)


def long_recording(path: Path, tempo: float) -> Path:
    """Write the sample eight times over, at another speed, so that no cache knows its windows."""
    command = ["ffmpeg", "-v", "error", "-stream_loop", "7", "-i", str(SAMPLE), "-c:v", "copy"]
    subprocess.run([*command, "-af", f"atempo={tempo}", str(path)], check=True)
    return path


def _watch(page: Page) -> None:
    """Show the video at a cue."""
    page.evaluate(f"document.querySelector('video').currentTime = {_SECOND}; undefined")
    expect(page.locator(".cues [aria-current]")).to_be_visible()


if __name__ == "__main__":
    sys.exit(main())
