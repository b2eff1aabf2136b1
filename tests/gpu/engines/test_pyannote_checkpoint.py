"""Loading a pipeline: where it comes from, and what is said when it cannot be had."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.domain.errors import EngineLoadError
from app.gpu.engine_registry import DIARIZERS, load_engine
from app.gpu.engines.pyannote import PyannoteDiarizer
from app.settings import DiarizationSettings, ModelSettings, Settings
from tests.gpu.diarizer_fixtures import build_pipeline, settings_for

LOAD = """
import sys
from app.domain.errors import EngineLoadError
from app.gpu.engines.pyannote import PyannoteDiarizer
from app.settings import Settings
try:
    PyannoteDiarizer(Settings())
except EngineLoadError as error:
    print(error.message)
print([name for name in ("torch", "pyannote.audio") if name in sys.modules])
"""
"""In a process of its own, since huggingface_hub reads its environment when it is imported."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pyannote.audio", reason="needs the gpu extra")
    return build_pipeline(tmp_path_factory.mktemp("whole") / "my-voices", hard=True)


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def edit(folder: Path, **params: Any) -> None:
    path = folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config["pipeline"]["params"].update(params)
    path.write_text(yaml.safe_dump(config))


def refused(model: Path | str, **diarization: Any) -> str:
    with pytest.raises(EngineLoadError) as caught:
        PyannoteDiarizer(settings_for(model, **diarization))
    assert "/tmp" not in caught.value.message, "messages hold no path"
    return caught.value.message


def load_elsewhere(home: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={"ASR_DEVICE": "cpu", "PATH": os.environ["PATH"], "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


@contextmanager
def hub_that_says(code: str) -> Iterator[tuple[str, list[str]]]:
    """A hub on loopback that refuses; yields its address and the tokens that it saw."""
    tokens: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.append(self.headers.get("Authorization", ""))
            self.send_response(401)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", tokens
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.gpu
def test_the_registry_names_it_and_it_says_what_it_is(whole: Path, copy: Path) -> None:
    engine = load_engine(DIARIZERS, "pyannote", settings_for(whole))
    assert isinstance(engine, PyannoteDiarizer)
    assert (engine.name, engine.device) == ("pyannote", "cpu")
    assert engine.detail == "my-voices, float32"
    assert engine.slice_samples == 16_000, "one chunk at a time on a CPU"
    assert os.environ["PYANNOTE_METRICS_ENABLED"] == "false"
    elsewhere = PyannoteDiarizer(settings_for(copy, batch_size=3))
    assert elsewhere.cache_key == engine.cache_key
    edit(copy, embedding_exclude_overlap=True)
    assert PyannoteDiarizer(settings_for(copy)).cache_key != engine.cache_key


@pytest.mark.gpu
def test_short_names_are_found_in_the_platforms_cache_with_all_that_they_name(
    whole: Path, tmp_path: Path
) -> None:
    hub = tmp_path / "hub"

    def cache(model_id: str, source: Path) -> Path:
        folder = hub / f"models--{model_id.replace('/', '--')}" / "snapshots" / "abc"
        return Path(shutil.copytree(source, folder))

    pipeline = cache("pyannote/speaker-diarization-3.1", whole)
    cache("pyannote/segmentation-3.0", whole / "segmentation")
    cache("pyannote/wespeaker-voxceleb-resnet34-LM", whole / "embedding")
    edit(
        pipeline,
        segmentation="pyannote/segmentation-3.0",
        embedding="pyannote/wespeaker-voxceleb-resnet34-LM",
    )
    # As 3.1's own: no PLDA is named, and none may be fetched.
    config = yaml.safe_load((pipeline / "config.yaml").read_text())
    del config["pipeline"]["params"]["plda"]
    (pipeline / "config.yaml").write_text(yaml.safe_dump(config))
    for part in ("segmentation", "embedding", "plda"):
        shutil.rmtree(pipeline / part)
    settings = settings_for("3.1").model_copy(
        update={"models": ModelSettings(runpod_cache_dir=hub, model_cache_dir=tmp_path / "empty")}
    )
    engine = PyannoteDiarizer(settings)
    assert engine.detail == "pyannote/speaker-diarization-3.1, float32"
    assert not (tmp_path / "empty").exists()


@pytest.mark.gpu
def test_a_gated_model_says_where_its_licence_is_accepted(tmp_path: Path) -> None:
    with hub_that_says("GatedRepo") as (address, tokens):
        said = load_elsewhere(tmp_path, HF_ENDPOINT=address)
        assert "'pyannote/speaker-diarization-community-1' only to those who accepted" in said
        assert "set HF_TOKEN to its token" in said
        said = load_elsewhere(tmp_path, HF_ENDPOINT=address, HF_TOKEN="hf_abcdefgh")
    assert "accept with the account of HF_TOKEN" in said
    assert "hf_abcdefgh" not in said
    assert "Bearer hf_abcdefgh" in tokens
    assert said.rstrip().endswith("[]"), "nothing heavy is loaded before the files are there"


@pytest.mark.gpu
def test_no_such_model_and_no_hub(tmp_path: Path) -> None:
    with hub_that_says("RepoNotFound") as (address, _):
        said = load_elsewhere(tmp_path, HF_ENDPOINT=address, DIARIZATION_MODEL="some/one")
    assert "The hub has no model 'some/one', or HF_TOKEN may not read it" in said
    said = load_elsewhere(tmp_path, HF_ENDPOINT="http://127.0.0.1:9", DIARIZATION_MODEL="3.1")
    assert "Diarization model 'pyannote/speaker-diarization-3.1' cannot be loaded" in said
    assert "let DIARIZATION_MODEL name a local folder" in said


@pytest.mark.gpu
def test_names_and_folders_that_are_nothing(copy: Path) -> None:
    assert "neither a folder, nor a hub id" in refused("community-2")
    assert "a folder that does not exist: nowhere" in refused(copy.parent / "nowhere")
    weights = copy / "embedding" / "pytorch_model.bin"
    content = weights.read_bytes()
    weights.write_bytes(content[: len(content) // 3])
    assert "cannot be loaded" in refused(copy)
    weights.unlink()
    assert f"{copy.name} lacks embedding/pytorch_model.bin" in refused(copy)
    (copy / "config.yaml").write_text("pipeline: [")
    assert "damaged" in refused(copy)
    (copy / "config.yaml").write_text("params: {}")
    assert "damaged" in refused(copy)
    (copy / "config.yaml").unlink()
    assert "lacks config.yaml" in refused(copy)


@pytest.mark.gpu
def test_pipelines_that_do_not_fit(copy: Path) -> None:
    edit(copy, segmentation_step=0.033333)
    assert "change segmentation_step" in refused(copy)
    edit(copy, segmentation_step=0.2, clustering="OracleClustering")
    assert "has to know the answer" in refused(copy)
    assert "DIARIZATION_MIN_SPEAKERS" in refused(copy, min_speakers=3, max_speakers=2)


def test_offline_nothing_is_waited_for(tmp_path: Path) -> None:
    settings = Settings(
        diarization=DiarizationSettings(model="community-1"),
        models=ModelSettings(offline=True, model_cache_dir=tmp_path),
    )
    with pytest.raises(EngineLoadError, match="HF_HUB_OFFLINE"):
        PyannoteDiarizer(settings)
