"""Search order of models by hub id."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import EngineLoadError
from app.gpu.models.hub import HubModel, fetch_model, find_model
from app.settings import ModelSettings

MODEL = HubModel(
    "Systran/faster-whisper-tiny",
    needed=("model.bin", "vocabulary.*"),
    called="tiny",
    setting="WHISPER_MODEL",
)


def settings(folder: Path, **chosen: object) -> ModelSettings:
    return ModelSettings(
        **{
            "hf_home": folder / "hf",
            "runpod_cache_dir": folder / "runpod" / "huggingface-cache" / "hub",
            "runpod_volume_dir": folder / "runpod",
            "offline": True,
            **chosen,
        }
    )


def whole(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("model.bin", "vocabulary.txt"):
        (folder / name).write_text("x")
    return folder


def snapshot(hub: Path) -> Path:
    return hub / "models--systran--faster-whisper-tiny" / "snapshots" / "abc"


@pytest.mark.parametrize(
    "place",
    ["runpod/models/tiny", "runpod/tiny", "runpod/models/Systran/faster-whisper-tiny",
     "runpod/faster-whisper-tiny"],
)  # fmt: skip
def test_a_folder_on_the_volume_that_is_called_as_the_model(tmp_path: Path, place: str) -> None:
    assert find_model(settings(tmp_path), MODEL) is None
    folder = whole(tmp_path / place)
    assert fetch_model(settings(tmp_path), MODEL) == folder
    (folder / "vocabulary.txt").unlink()
    assert find_model(settings(tmp_path), MODEL) is None, "it is called so, but is no such model"


def test_runpods_cache_goes_before_the_volume_and_that_before_hugging_faces(
    tmp_path: Path,
) -> None:
    own = whole(snapshot(tmp_path / "hf" / "hub"))
    assert find_model(settings(tmp_path), MODEL) == own
    volume = whole(tmp_path / "runpod" / "models" / "tiny")
    assert find_model(settings(tmp_path), MODEL) == volume
    kept = whole(tmp_path / "kept" / "tiny")
    assert find_model(settings(tmp_path, model_cache_dir=tmp_path / "kept"), MODEL) == kept
    cached = whole(snapshot(tmp_path / "runpod" / "huggingface-cache" / "hub"))
    assert find_model(settings(tmp_path), MODEL) == cached


def test_a_broken_model_of_runpods_is_told_and_a_half_fetched_one_fetched_again(
    tmp_path: Path,
) -> None:
    own = whole(snapshot(tmp_path / "hf" / "hub"))
    (own / "model.bin").unlink()
    assert find_model(settings(tmp_path), MODEL) is None
    cached = whole(snapshot(tmp_path / "runpod" / "huggingface-cache" / "hub"))
    (cached / "vocabulary.txt").unlink()
    with pytest.raises(EngineLoadError, match=r"lacks vocabulary\.\*"):
        find_model(settings(tmp_path), MODEL)


def test_where_hugging_face_keeps_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "MODEL_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ModelSettings().hub_dir == tmp_path / ".cache" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", "/models/hf")
    assert ModelSettings().hub_dir == Path("/models/hf/hub")
    monkeypatch.setenv("HUGGINGFACE_HUB_CACHE", "/models/old")
    assert ModelSettings().hub_dir == Path("/models/old")
    monkeypatch.setenv("HF_HUB_CACHE", "/models/hub")
    assert ModelSettings().hub_dir == Path("/models/hub")
    monkeypatch.setenv("MODEL_CACHE_DIR", "~/mine")
    assert ModelSettings().hub_dir == tmp_path / "mine"


def test_without_the_network_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = settings(tmp_path, offline=ModelSettings().offline)
    with pytest.raises(EngineLoadError) as caught:
        fetch_model(offline, MODEL)
    assert "'tiny' is not on this machine" in caught.value.message
    assert "HF_HUB_OFFLINE forbids" in caught.value.message
    assert "let WHISPER_MODEL name a local folder" in caught.value.message
    assert str(tmp_path) not in caught.value.message
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    assert not ModelSettings().offline
