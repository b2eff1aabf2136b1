"""Server's side of the child process that runs yt-dlp."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import metadata
from pathlib import Path

import structlog

import app
from app.domain.errors import CuestreamError, ResourceLimitError, SourceError
from app.services.net.egress_proxy import EgressProxy
from app.services.net.ssrf_guard import SsrfGuard
from app.services.net.upstream_proxy import UpstreamProxy
from app.services.sources.ytdlp.playlist_info import PlaylistWish
from app.services.sources.ytdlp.site_errors import site_error
from app.services.sources.ytdlp.ytdlp_options import BEST_AUDIO, YtdlpTask
from app.settings import SourceSettings, child_environment
from app.system.child_limits import SITE
from app.system.subprocesses import Subprocess, running
from app.system.thread_groups import DISK
from app.system.workdir import WorkDir, storage_errors

log = structlog.get_logger()

_COMMAND = (sys.executable, "-m", "app.services.sources.ytdlp.ytdlp_child")

PAGE_TRAFFIC_BYTES = 256 * 2**20
"""Most bytes that one page may cost, its scripts and captions too, before its audio is requested.
A page of a large site takes some megabytes."""

_VERSION = re.compile(r"^__version__ = '([^']+)'", re.M)


@asynccontextmanager
async def site_process(
    page_url: str,
    settings: SourceSettings,
    guard: SsrfGuard,
    workdir: WorkDir,
    media_format: str = BEST_AUDIO,
    playlist: PlaylistWish | None = None,
) -> AsyncIterator[SiteProcess]:
    """Run yt-dlp on a page for as long as the block lasts.

    Args:
        page_url: the page.
        settings: of sources.
        guard: checks addresses.
        workdir: where the child's files lie.
        media_format: which of the site's media is wanted, as yt-dlp selects formats.
        playlist: which entries of a playlist are to be listed, in place of a video.

    Raises:
        StorageError: the disk is full or not writable.
        InternalError: the child could not be started.
    """
    async with AsyncExitStack() as stack:
        folder = workdir.new_folder()
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        proxy = EgressProxy(
            guard,
            settings.fetch_connect_s,
            UpstreamProxy.of(settings),
            max_bytes=PAGE_TRAFFIC_BYTES,
        )
        await stack.enter_async_context(proxy.serving())
        report = ErrorReport()
        # Read for each job, so that an update counts from the next job on.
        newer = await DISK.run(newer_ytdlp, settings)
        child = await stack.enter_async_context(
            running(
                _COMMAND,
                stdin=True,
                on_line=report.read,
                environment=_environment(newer),
                limits=SITE,
            )
        )
        cookies = await DISK.run(_own_cookies, settings.cookies_file, folder)
        task = _task(page_url, settings, proxy.url, folder, cookies)
        task |= {"format": media_format, "playlist": playlist}
        await child.write(json.dumps(task).encode() + b"\n")
        yield SiteProcess(child, proxy, report)


def _task(
    page_url: str, settings: SourceSettings, proxy_url: str, folder: Path, cookies: str | None
) -> YtdlpTask:
    """Return what the child is to do, for the best audio of a page that is no playlist."""
    rate = settings.ytdlp_rate_limit_kbps
    return {
        "page_url": page_url,
        "proxy": proxy_url,
        "cookies": cookies,
        "folder": str(folder),
        "timeout_s": settings.fetch_read_s,
        "rate_limit": None if rate is None else rate * 1024,
        "sleep_s": settings.ytdlp_sleep_s,
        "js_runtime": settings.ytdlp_js_runtime,
        "format": BEST_AUDIO,
        "playlist": None,
    }


class SiteProcess:
    """Running child process with its proxy.

    Attributes:
        child: reads requests, writes answers.
        proxy: through which all its connections go.
    """

    def __init__(self, child: Subprocess, proxy: EgressProxy, report: ErrorReport) -> None:
        self.child = child
        self.proxy = proxy
        self._report = report

    async def failure(self) -> CuestreamError:
        """Wait for the child's end and return its error."""
        status = await self.child.wait()
        try:
            self.child.check_limits("Reading the page")
        except ResourceLimitError as error:
            return error
        if self.proxy.blocked is not None:
            return self.proxy.blocked
        if self.proxy.exceeded:
            return ResourceLimitError("The site sends more than this server receives for a page")
        if self.proxy.upstream_failed:
            return SourceError("The proxy that this server uses for sites does not let it out")
        if not self._report.received:
            log.warning("yt-dlp ended without a word", status=status)
            log.debug("what it left behind", text=self.child.stderr)
        return site_error(self._report.kind, self._report.text)


class ErrorReport:
    """Error that the child reports on its stderr."""

    def __init__(self) -> None:
        self.received = False
        self.kind = "failed"
        self.text = ""

    def read(self, line: str) -> None:
        """Read one line of stderr."""
        try:
            message = json.loads(line)
        except ValueError:
            return
        if isinstance(message, dict) and "error" in message:
            self.received = True
            self.kind, self.text = message["error"]["kind"], message["error"]["text"]


def newer_ytdlp(settings: SourceSettings) -> Path | None:
    """Return the folder of a yt-dlp that replaces the installed one, if there is one.

    It is resolved, so that a job uses one version while a symbolic link is changed.
    """
    try:
        folder = settings.ytdlp_dir.expanduser().resolve()
    except RuntimeError:  # there is no home directory
        return None
    return folder if (folder / "yt_dlp" / "__init__.py").is_file() else None


def ytdlp_version(settings: SourceSettings) -> str:
    """Return the version that the next job runs; empty when unknown."""
    newer = newer_ytdlp(settings)
    if newer is None:
        return metadata.version("yt-dlp")
    try:
        found = _VERSION.search((newer / "yt_dlp" / "version.py").read_text("utf-8", "replace"))
    except OSError:
        return ""
    return found[1] if found else ""


def _own_cookies(cookies_file: Path | None, folder: Path) -> str | None:
    """Copy the cookie file, since yt-dlp would write to it."""
    if cookies_file is None:
        return None
    copy = folder / "cookies.txt"
    with storage_errors():
        shutil.copyfile(cookies_file, copy)
        copy.chmod(0o600)
    return str(copy)


def _environment(newer: Path | None) -> dict[str, str]:
    """Return the child's environment: the paths of the code, without proxies.

    yt-dlp finds plugins (packages named ``yt_dlp_plugins``) on PYTHONPATH, as it documents.
    """
    ours = {k: v for k, v in child_environment().items() if not k.lower().endswith("_proxy")}
    root = Path(app.__file__).resolve().parents[1]
    places = (newer, root, ours.get("PYTHONPATH"))
    ours["PYTHONPATH"] = ":".join(str(place) for place in places if place)
    return ours
