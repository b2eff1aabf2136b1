"""A newer yt-dlp beside a running server: the next job uses it."""

import json
import re
import subprocess
import time
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import yt_dlp
from yt_dlp import YoutubeDL

from app.domain.request import SiteVideo
from app.services.sources.ytdlp.child_process import newer_ytdlp, ytdlp_version
from app.services.sources.ytdlp.ytdlp_options import YtdlpTask, options
from app.settings import SourceSettings
from tests.server import ROOT
from tests.services.conftest import OpenerFactory
from tests.services.loopback import LoopbackServer

REAL = Path(yt_dlp.__file__).parent

NEWER = f"""
__path__.append({str(REAL)!r})
exec(compile(open({str(REAL / "__init__.py")!r}).read(), "yt_dlp", "exec"))

class YoutubeDL(YoutubeDL):
    def process_video_result(self, info, *args, **kwargs):
        return super().process_video_result({{**info, "title": "VERSION"}}, *args, **kwargs)
"""


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "site_plugins"))


def wheel(folder: Path, name: str, version: str, files: dict[str, str], *needs: str) -> None:
    """Write a wheel. Source: PEP 427."""
    about = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *needs]
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {**files, f"{about}/METADATA": "\n".join(lines) + "\n", f"{about}/WHEEL": tags}
    record = "".join(f"{path},,\n" for path in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in {**files, f"{about}/RECORD": record}.items():
            archive.writestr(path, text)


def offer(folder: Path, version: str, *, broken: bool = False) -> list[str]:
    """Make a version of yt-dlp that gives every video its own number; return pip's options."""
    folder.mkdir(exist_ok=True)
    code = "import nothing_like_it" if broken else NEWER.replace("VERSION", version)
    version_file = re.sub(
        "__version__ = .*", f"__version__ = '{version}'", (REAL / "version.py").read_text()
    )
    package = {"yt_dlp/__init__.py": code, "yt_dlp/version.py": version_file}
    extra = "Requires-Dist: yt-dlp-ejs==9.0; extra == 'default'"
    wheel(folder, "yt_dlp", version, package, "Provides-Extra: default", extra)
    wheel(folder, "yt_dlp_ejs", "9.0", {"yt_dlp_ejs/__init__.py": ""})
    return ["--no-index", "--find-links", str(folder)]


def update(place: Path, *given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "scripts" / "update-ytdlp.sh", *given],
        env={"YTDLP_DIR": str(place), "PATH": "/usr/bin:/bin", "HOME": str(place.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_the_next_job_uses_what_the_script_installed(
    opener_with: OpenerFactory, web: LoopbackServer, tmp_path: Path
) -> None:
    place, wheels = tmp_path / "home" / "yt-dlp", tmp_path / "wheels"
    settings = SourceSettings(ytdlp_dir=place, allow_private_urls=True)
    opener = opener_with(ytdlp_dir=place, allow_private_urls=True)
    formats = [{"url": web.url("/a.m4a"), "ext": "m4a", "vcodec": "none"}]
    web.body("/page/one", json.dumps({"title": "Its own", "formats": formats}).encode())
    page = SiteVideo(web.url("/watch/one")).page_url

    async def title() -> str:
        async with opener.site(page) as session:
            return session.info.title

    assert newer_ytdlp(settings) is None
    assert ytdlp_version(settings) == metadata.version("yt-dlp")
    assert await title() == "Its own"

    done = update(place, *offer(wheels, "2099.1.2"))
    assert done.returncode == 0, done.stderr
    assert "2099.1.2" in done.stdout
    assert ytdlp_version(settings) == "2099.1.2"
    assert await title() == "2099.1.2"

    async with opener.site(page) as session:
        assert update(place, *offer(wheels, "2099.1.10")).returncode == 0
        assert session.info.title == "2099.1.2", "a job keeps the version that it began with"
    assert await title() == "2099.1.10"
    assert len(list(place.parent.glob("yt-dlp.*"))) == 2, "that of running jobs, and the new one"

    assert "nothing newer" in update(place, *offer(wheels, "2099.1.10")).stdout
    failed = update(place, *offer(wheels, "2100.1.1", broken=True))
    assert failed.returncode == 1
    assert "nothing was changed" in failed.stderr
    assert ytdlp_version(settings) == "2099.1.10"
    assert len(list(place.parent.glob("yt-dlp*"))) == 3, "nothing is left of what failed"

    place.unlink()
    assert ytdlp_version(settings) == metadata.version("yt-dlp")


def test_a_folder_that_is_in_the_way_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "yt-dlp"
    place.mkdir()
    failed = update(place, *offer(tmp_path / "wheels", "2099.1.1"))
    assert failed.returncode == 1
    assert "move it" in failed.stderr
    assert list(place.iterdir()) == []


def task(**given: object) -> YtdlpTask:
    usual: YtdlpTask = {
        "page_url": "http://site.example/",
        "proxy": "http://127.0.0.1:1",
        "cookies": None,
        "folder": "/tmp",
        "timeout_s": 1.0,
        "rate_limit": None,
        "sleep_s": 0.0,
        "js_runtime": "",
        "format": "bestaudio/best",
        "playlist": None,
    }
    return {**usual, **given}  # type: ignore[typeddict-item]


def test_a_javascript_runtime_that_yt_dlp_supports_is_there() -> None:
    found = YoutubeDL(options(task()))._js_runtimes["deno"].info
    assert found is not None
    assert found.supported


def test_a_runtime_can_be_named_with_its_path() -> None:
    assert options(task(js_runtime="node:/opt/node"))["js_runtimes"] == {
        "node": {"path": "/opt/node"}
    }
    assert options(task(js_runtime="bun"))["js_runtimes"] == {"bun": {}}
    with pytest.raises(ValueError, match="ytdlp_js_runtime"):
        SourceSettings(ytdlp_js_runtime="perl")


def test_limits_reach_yt_dlp() -> None:
    given = options(task(rate_limit=2**20, sleep_s=1.5))
    assert (given["ratelimit"], given["sleep_interval_requests"]) == (2**20, 1.5)


async def test_a_download_is_no_faster_than_allowed(
    opener_with: OpenerFactory, web: LoopbackServer
) -> None:
    """2 KiB at 1 KiB per second take about two seconds."""
    formats = [{"url": web.body("/a", bytes(2048)), "ext": "m4a", "vcodec": "none"}]
    web.body("/page/slow", json.dumps({"formats": formats}).encode())
    opener = opener_with(allow_private_urls=True, ytdlp_rate_limit_kbps=1)
    async with opener.site(web.url("/watch/slow")) as session:
        began = time.monotonic()
        received = [chunk async for chunk in session.audio().chunks]
    assert b"".join(received) == bytes(2048)
    assert time.monotonic() - began > 1
