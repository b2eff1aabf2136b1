"""RunPod's cached models; the number is that of its contract's test."""

import shutil
from pathlib import Path

import pytest

from app.domain.errors import EngineLoadError
from app.gpu.models.hub_cache import cached_snapshot
from tests.gpu.engines.test_whisper_checkpoint import load_elsewhere

NEEDED = ("model.bin", "tokenizer.json")


def snapshot(hub: Path, name: str, files: tuple[str, ...] = NEEDED) -> Path:
    folder = hub / "models--Owner--Whisper-X" / "snapshots" / name
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).write_text("x")
    return folder


def test_runpod_37_main_is_chosen_else_the_first_and_a_broken_one_says_so(tmp_path: Path) -> None:
    assert cached_snapshot(tmp_path / "nowhere", "owner/whisper-x", NEEDED) is None
    assert cached_snapshot(tmp_path, "owner/whisper-x", NEEDED) is None
    first, second = snapshot(tmp_path, "aaa"), snapshot(tmp_path, "bbb")
    assert cached_snapshot(tmp_path, "owner/whisper-x", NEEDED) == first
    refs = tmp_path / "models--Owner--Whisper-X" / "refs"
    refs.mkdir()
    (refs / "main").write_text("bbb\n")
    assert cached_snapshot(tmp_path, "owner/whisper-x", NEEDED) == second
    (second / "model.bin").unlink()
    with pytest.raises(EngineLoadError, match=r"lacks model\.bin"):
        cached_snapshot(tmp_path, "owner/whisper-x", NEEDED)


@pytest.mark.gpu
def test_runpod_37_a_cached_model_loads_from_a_read_only_folder_without_the_network(
    scripted_whisper: Path, tmp_path: Path
) -> None:
    hub = tmp_path / "hub"
    folder = hub / "models--Systran--faster-whisper-tiny" / "snapshots" / "abc"
    shutil.copytree(scripted_whisper, folder)
    for path in [hub, *hub.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = load_elsewhere(
        WHISPER_MODEL="tiny",
        RUNPOD_CACHE_DIR=str(hub),
        HF_ENDPOINT="http://127.0.0.1:9",
        HOME=str(tmp_path),
    )
    assert done.stdout.startswith("tiny, int8"), done.stderr
