"""A server killed with SIGKILL in the middle of its work leaves nothing behind."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from app.system.workdir import WorkDir
from tests.processes import command_of, lives
from tests.services.conftest import Make
from tests.services.loopback import LoopbackServer, ReceivedRequest, head

PLUGINS = Path(__file__).parent / "ytdlp" / "site_plugins"

SERVER = """
import asyncio, sys
from pathlib import Path
from app.domain.request import MediaUrl, SiteVideo, UploadedFile
from app.services.sources.opener import MediaOpener
from app.system.workdir import WorkDir
from app.settings import Settings, SourceSettings

KINDS = {"upload": lambda x: UploadedFile(Path(x), ""), "url": MediaUrl, "site": SiteVideo}

async def main(folder, kind, what):
    workdir = WorkDir.open(Path(folder))
    settings = Settings(sources=SourceSettings(allow_private_urls=True))
    opening = asyncio.create_task(MediaOpener(settings, workdir).open(KINDS[kind](what)))
    await asyncio.wait([opening], timeout=4 if kind == "url" else None)
    if opening.done():
        await anext(opening.result().blocks)
    print(workdir.path, flush=True)
    await asyncio.sleep(300)

asyncio.run(main(*sys.argv[1:]))
"""


async def gone(processes: list[psutil.Process]) -> bool:
    for _ in range(3000):
        if not any(map(lives, processes)):
            return True
        await asyncio.sleep(0.02)
    return False


def stalling(data: bytes, sent: int) -> object:
    async def respond(_received: ReceivedRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, length=len(data)) + data[:sent])
        await writer.drain()
        await asyncio.sleep(300)

    return respond


@pytest.mark.parametrize("kind", ["upload", "url", "site"])
async def test_processes_die_at_once_and_files_go_at_the_next_start(
    tmp_path: Path, web: LoopbackServer, make_media: Make, video_mp4: Path, kind: str
) -> None:
    long = make_media("long.mkv", "-f", "lavfi", "-i", "sine=d=1200", "-c:a", "pcm_s16le")
    what = {"upload": str(long), "url": web.url("/a"), "site": web.url("/watch/one")}[kind]
    web.routes["/a"] = stalling(video_mp4.read_bytes(), 50_000)  # on its way into a file
    web.routes["/media"] = stalling(long.read_bytes(), 10_000_000)
    page = {"formats": [{"url": web.url("/media"), "ext": "mkv", "vcodec": "none"}]}
    web.body("/page/one", json.dumps(page).encode(), "application/json")

    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(tmp_path), kind, what),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PLUGINS)},
    )
    assert server.stdout is not None
    folder = Path((await server.stdout.readline()).decode().strip())
    children = psutil.Process(server.pid).children(recursive=True)
    names = [command_of(p) for p in children]
    assert any("ffmpeg" in name for name in names) == (kind != "url")
    assert any("ytdlp.ytdlp_child" in name for name in names) == (kind == "site")
    left = [path for path in folder.iterdir() if path.name != ".cuestream-work"]
    assert bool(left) == (kind != "upload")

    os.kill(server.pid, signal.SIGKILL)
    await server.wait()
    assert await gone(children)
    assert folder.exists()
    with WorkDir.open(tmp_path):
        assert not folder.exists()
