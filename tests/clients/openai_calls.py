"""What the tests of OpenAI's audio API share: its SDKs' calls, and recordings."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import openai

from tests.audio_engines import speech_like
from tests.clients.extension_client import HERE
from tests.routers.test_parakeet_contract import QUIET, TALK, wav
from tests.server import ServerProcess

APP = "tests.audio_engines:application()"
TEXT = "Hello number 0. Hello number 3. Hello number 5."
KEY = "right-key"


def sdk(server: ServerProcess, key: str = "none", **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0, **options)


def create(server: ServerProcess, data: bytes = TALK, name: str = "a.wav", **fields: Any) -> Any:
    fields = {"model": "whisper-1", **fields}
    with sdk(server) as client:
        answer = client.audio.transcriptions.create(file=(name, data), **fields)
        # A stream is read while its client is open.
        return list(answer) if fields.get("stream") else answer


def post(
    server: ServerProcess, data: bytes = TALK, path: str = "transcriptions", **fields: Any
) -> httpx.Response:
    with server.client() as client:
        files = {"file": ("talk.wav", data)}
        return client.post(f"/v1/audio/{path}", files=files, data=fields)


def node(server: ServerProcess, folder: Path, *names: str, data: bytes = TALK) -> list[Any]:
    path = folder / "sound.wav"
    path.write_bytes(data)
    command = ["node", str(HERE / "openai_requests.mjs"), server.url, str(path), *names]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def reference(loudness: float) -> str:
    data = base64.b64encode(wav(speech_like((loudness, 3.0)))).decode()
    return f"data:audio/wav;base64,{data}"


def converted(tmp_path: Path, ending: str) -> bytes:
    path = tmp_path / f"a.{ending}"
    command = ["ffmpeg", "-v", "error", "-y", "-i", "-", "-af", "volume=0.5", str(path)]
    subprocess.run(command, input=TALK, check=True)
    return path.read_bytes()


def late_failure() -> bytes:
    """A recording whose second window breaks the transcriber."""
    return wav(
        speech_like((0, 0.5), (QUIET, 8.0), (0, 1.0), (QUIET, 20.0), (0, 1.0), (0.9, 8.0), (0, 1.0))
    )
