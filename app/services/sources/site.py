"""Media on a page of a site that yt-dlp knows."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import app
from app.domain.errors import PayloadTooLargeError, SourceError
from app.domain.time import seconds_to_ms
from app.services.child import Child, running
from app.services.sources.byte_stream import ByteStream
from app.services.sources.egress import EgressProxy
from app.services.sources.guard import Guard
from app.services.workdir import WorkDir, storage_errors
from app.settings import SourceSettings, child_environment

_READ_BYTES = 2**16

_REASONS = {
    "live": "Live streams cannot be subtitled; try again when the recording is up",
    "not_live": "The channel is not live, and the page has no recording",
    "geo": "The site does not show this video where the server is",
    "unsupported": "No video was found on the page",
    "nothing": "No video was found on the page",
    "cookies": "The server's cookie file cannot be read",
    "network": "The site cannot be reached",
    "broken_off": "The download broke off",
    "failed": "The site could not be read; an update of yt-dlp may be needed",
}

_HTTP_REASONS = {
    "403": "The site refused the download (403); cookies of a signed-in browser may help",
    "404": "The video does not exist (404)",
    "410": "The video was removed (410)",
    "429": "The site limits this server's requests (429); try again later",
}

_ADVICE = (
    (re.compile(r"not a bot|captcha", re.I), "the site wants proof of a person"),
    (re.compile(r"confirm your age|age.?restricted", re.I), "the video is age-restricted"),
    (re.compile(r"private", re.I), "the video is private"),
    (re.compile(r"sign in|log ?in|registered|members|account", re.I), "the video needs a login"),
)
"""What only the site's own words tell: yt-dlp has no error class for these."""

_COOKIES_HELP = "The server's owner can set COOKIES_FILE to cookies of a signed-in browser."


class _Messages:
    """What the child process tells on its stderr."""

    def __init__(self) -> None:
        self.info: dict[str, object] = {}
        self.error = ("failed", "")
        self.told = asyncio.Event()

    def read(self, line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            return
        if isinstance(message, dict) and "info" in message:
            self.info = message["info"]
            self.told.set()
        elif isinstance(message, dict) and "error" in message:
            self.error = (message["error"]["kind"], message["error"]["text"])


@asynccontextmanager
async def site_stream(
    page_url: str, settings: SourceSettings, guard: Guard, workdir: WorkDir
) -> AsyncIterator[ByteStream]:
    """Fetch a page's best audio for as long as the block lasts.

    yt-dlp runs in a child process whose only way out is a proxy of ours, so that it cannot
    reach what the guard forbids either.

    Raises:
        UrlBlockedError: the page leads to an address that must not be reached.
        SourceError: the site gives no media, or not all of it.
        PayloadTooLargeError: more bytes than the server accepts.
        StorageError: the disk is full or not writable.
    """
    guard.parse(page_url)
    async with AsyncExitStack() as stack:
        folder = workdir.new_folder()
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        proxy = EgressProxy(guard, settings.fetch_connect_s)
        await stack.enter_async_context(proxy.serving())
        messages = _Messages()
        command = [sys.executable, "-m", "app.services.sources.site_child"]
        child = await stack.enter_async_context(
            running(command, stdin=True, on_line=messages.read, environment=_environment())
        )
        task = {
            "page_url": page_url,
            "proxy": proxy.url,
            "cookies": await asyncio.to_thread(_own_cookies, settings.cookies_file, folder),
            "folder": str(folder),
            "timeout_s": settings.fetch_read_s,
        }
        await child.write(json.dumps(task).encode())
        child.close_stdin()
        chunks = _chunks(child, messages, proxy, settings.max_download_mb)
        stack.push_async_callback(chunks.aclose)
        await _first_message(child, messages)
        yield ByteStream(chunks, duration_ms=_duration_ms(messages.info))


async def _first_message(child: Child, messages: _Messages) -> None:
    """Wait until the video is known, or the child has ended without."""
    waits = [asyncio.create_task(messages.told.wait()), asyncio.create_task(child.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _chunks(
    child: Child, messages: _Messages, proxy: EgressProxy, max_mb: int
) -> AsyncGenerator[bytes, None]:
    received = 0
    while data := await child.stdout.read(_READ_BYTES):
        received += len(data)
        if received > max_mb * 2**20:
            raise PayloadTooLargeError(max_mb)
        yield data
    if await child.wait() != 0:
        if proxy.blocked is not None:
            raise proxy.blocked
        raise SourceError(_reason(*messages.error))


def _reason(kind: str, text: str) -> str:
    if kind == "http":
        return _HTTP_REASONS.get(text, f"The site answered {text}")
    if kind != "said":
        return _REASONS.get(kind, _REASONS["failed"])
    for pattern, meaning in _ADVICE:
        if pattern.search(text):
            return f"The site does not give the video: {meaning}. {_COOKIES_HELP}"
    words = re.sub(r"https?://\S+|[^ -~\u00a0-\uffff]", "", text.splitlines()[0] if text else "")
    return f"The site does not give the video: {words.strip()[:200] or 'no reason given'}"


def _duration_ms(info: dict[str, object]) -> int | None:
    duration_s = info.get("duration_s")
    return seconds_to_ms(duration_s) if isinstance(duration_s, int | float) else None


def _own_cookies(cookies_file: Path | None, folder: Path) -> str | None:
    """Copy the cookie file, which yt-dlp would write to."""
    if cookies_file is None:
        return None
    copy = folder / "cookies.txt"
    with storage_errors():
        shutil.copyfile(cookies_file, copy)
        copy.chmod(0o600)
    return str(copy)


def _environment() -> dict[str, str]:
    """Return the child's environment: where our code lies, and no proxies but ours.

    yt-dlp finds plugins (packages named ``yt_dlp_plugins``) on PYTHONPATH, as it documents.
    """
    ours = {k: v for k, v in child_environment().items() if not k.lower().endswith("_proxy")}
    root = str(Path(app.__file__).resolve().parents[1])
    ours["PYTHONPATH"] = ":".join(filter(None, (root, ours.get("PYTHONPATH"))))
    return ours
