"""The default engines of the base install, in an interpreter that has none of the GPU packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.server import ROOT

LOAD = """
import asyncio, json, sys

BLOCKED = {"torch", "torchaudio", "transformers", "whisperx", "pyannote"}

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Blocked())

import importlib.metadata
whole = importlib.metadata.version

def version(name):
    if name in BLOCKED:
        raise importlib.metadata.PackageNotFoundError(name)
    return whole(name)

importlib.metadata.version = version

from app.domain.audio import Audio
from app.gpu.engine_manager import EngineManager
from app.gpu.engine_registry import TRANSCRIBERS, load_engine
from app.gpu.protocols import Window
from app.gpu.self_test import read_clip, transcribe_windows
from app.settings import Settings

manager = EngineManager(Settings())
asyncio.run(manager.load())
assert manager.engines.aligner is None
transcriber = load_engine(TRANSCRIBERS, "whisperx", Settings())
[segments] = transcribe_windows(transcriber, [Window(Audio(read_clip()))])
manager.close()
print(json.dumps({
    "statuses": {s.role: [s.name, s.state, s.device, s.detail, s.error] for s in manager.statuses},
    "segments": [[s.text, s.language, len(s.words)] for s in segments],
    "imported": sorted(BLOCKED & set(sys.modules)),
}))
"""


def test_the_default_engines_load_and_transcribe_without_torch() -> None:
    kept = ("PATH", "HOME", "OMP_NUM_THREADS", "HF_HOME", "MODEL_CACHE_DIR")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**environment, "ASR_DEVICE": "cpu"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["imported"] == []
    name, state, device, detail, error = told["statuses"]["transcriber"]
    assert (name, state, device, error) == ("whisperx", "ready", "cpu", "")
    assert detail.startswith("base, int8")
    _, state, _, detail, error = told["statuses"]["aligner"]
    assert (state, error) == ("disabled", "")
    assert "PyTorch is not installed" in detail
    assert told["segments"] == [["We can take the train in the morning.", "en", 8]]
