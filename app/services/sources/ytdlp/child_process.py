"""The child process that runs yt-dlp, and what it needs."""

from __future__ import annotations

import asyncio
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
from app.domain.errors import CuestreamError, SourceError
from app.services.net.egress_proxy import EgressProxy
from app.services.net.ssrf_guard import SsrfGuard
from app.services.net.upstream_proxy import UpstreamProxy
from app.services.sources.ytdlp.options import Task
from app.services.sources.ytdlp.site_errors import refusal
from app.settings import SourceSettings, child_environment
from app.system.subprocesses import Subprocess, running
from app.system.workdir import WorkDir, storage_errors

_VERSION = re.compile(r"^__version__ = '([^']+)'", re.M)


def newer_ytdlp(settings: SourceSettings) -> Path | None:
    """Return the folder that goes ahead of the installed packages, if it holds a yt-dlp.

    It is resolved, so that a job keeps to one version while a symbolic link moves on.
    """
    try:
        folder = settings.ytdlp_dir.expanduser().resolve()
    except RuntimeError:  # nobody's home
        return None
    return folder if (folder / "yt_dlp" / "__init__.py").is_file() else None


def ytdlp_version(settings: SourceSettings) -> str:
    """Return the version that the next job runs; empty where it does not say."""
    newer = newer_ytdlp(settings)
    if newer is None:
        return metadata.version("yt-dlp")
    try:
        found = _VERSION.search((newer / "yt_dlp" / "version.py").read_text("utf-8", "replace"))
    except OSError:
        return ""
    return found[1] if found else ""


log = structlog.get_logger()

_COMMAND = (sys.executable, "-m", "app.services.sources.ytdlp.child")


class SiteProcess:
    """A running child and its only way out.

    Attributes:
        child: reads choices, writes answers.
        proxy: where all its connections go through.
    """

    def __init__(self, child: Subprocess, proxy: EgressProxy, complaint: Complaint) -> None:
        self.child = child
        self.proxy = proxy
        self._complaint = complaint

    async def failure(self) -> CuestreamError:
        """Wait for the child's end and return why it came."""
        status = await self.child.wait()
        if self.proxy.blocked is not None:
            return self.proxy.blocked
        if self.proxy.upstream_failed:
            return SourceError("The proxy that this server uses for sites does not let it out")
        if not self._complaint.told:
            log.warning("yt-dlp ended without a word", status=status)
            log.debug("what it left behind", text=self.child.stderr)
        return refusal(self._complaint.kind, self._complaint.text)


class Complaint:
    """Why the child has nothing to give, as it tells on its stderr."""

    def __init__(self) -> None:
        self.told = False
        self.kind = "failed"
        self.text = ""

    def read(self, line: str) -> None:
        """Take note of one line."""
        try:
            message = json.loads(line)
        except ValueError:
            return
        if isinstance(message, dict) and "error" in message:
            self.told = True
            self.kind, self.text = message["error"]["kind"], message["error"]["text"]


@asynccontextmanager
async def site_process(
    page_url: str, settings: SourceSettings, guard: SsrfGuard, workdir: WorkDir
) -> AsyncIterator[SiteProcess]:
    """Run yt-dlp on a page for as long as the block lasts.

    Raises:
        StorageError: the disk is full or not writable.
        InternalError: the child could not be started.
    """
    async with AsyncExitStack() as stack:
        folder = workdir.new_folder()
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        proxy = EgressProxy(guard, settings.fetch_connect_s, UpstreamProxy.of(settings))
        await stack.enter_async_context(proxy.serving())
        complaint = Complaint()
        # Looked up anew each time: an update counts from the next job on.
        newer = await asyncio.to_thread(newer_ytdlp, settings)
        child = await stack.enter_async_context(
            running(_COMMAND, stdin=True, on_line=complaint.read, environment=_environment(newer))
        )
        rate = settings.ytdlp_rate_limit_kbps
        task: Task = {
            "page_url": page_url,
            "proxy": proxy.url,
            "cookies": await asyncio.to_thread(_own_cookies, settings.cookies_file, folder),
            "folder": str(folder),
            "timeout_s": settings.fetch_read_s,
            "rate_limit": None if rate is None else rate * 1024,
            "sleep_s": settings.ytdlp_sleep_s,
            "js_runtime": settings.ytdlp_js_runtime,
        }
        await child.write(json.dumps(task).encode() + b"\n")
        yield SiteProcess(child, proxy, complaint)


def _own_cookies(cookies_file: Path | None, folder: Path) -> str | None:
    """Copy the cookie file, which yt-dlp would write to."""
    if cookies_file is None:
        return None
    copy = folder / "cookies.txt"
    with storage_errors():
        shutil.copyfile(cookies_file, copy)
        copy.chmod(0o600)
    return str(copy)


def _environment(newer: Path | None) -> dict[str, str]:
    """Return the child's environment: where code lies, and no proxies but ours.

    yt-dlp finds plugins (packages named ``yt_dlp_plugins``) on PYTHONPATH, as it documents.
    """
    ours = {k: v for k, v in child_environment().items() if not k.lower().endswith("_proxy")}
    root = Path(app.__file__).resolve().parents[1]
    places = (newer, root, ours.get("PYTHONPATH"))
    ours["PYTHONPATH"] = ":".join(str(place) for place in places if place)
    return ours
