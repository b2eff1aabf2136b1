"""Loading aligners: where models come from, how long they stay, and what is said of failures."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from app.domain.errors import EngineLoadError
from app.gpu.engine_registry import ALIGNERS, load_engine
from app.gpu.engines.wav2vec2 import Wav2Vec2Aligner
from app.gpu.engines.wav2vec2.loaded_models import LoadedModels
from app.settings import AlignmentSettings, ModelSettings, Settings


def settings_for(*models: str, **alignment: Any) -> Settings:
    pytest.importorskip("torch", reason="needs the gpu extra")
    from tests.gpu import aligner_fixtures

    return aligner_fixtures.settings_for(*models, **alignment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="needs the gpu extra")
    from tests.gpu.aligner_fixtures import tiny_wav2vec2

    return tiny_wav2vec2(tmp_path_factory.mktemp("aligner") / "tiny")


def with_models(settings: Settings, **models: Any) -> Settings:
    return settings.model_copy(update={"models": ModelSettings(**models)})


def test_importing_the_engine_loads_nothing_heavy() -> None:
    code = (
        "import sys, app.gpu.engines.wav2vec2; "
        "print([m for m in ('torch', 'torchaudio', 'whisperx', 'transformers', 'pandas') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("choice", ["en", "=folder", "en="])
def test_a_choice_must_name_language_and_model(choice: str) -> None:
    with pytest.raises(ValidationError, match="language=model"):
        AlignmentSettings(models=(choice,))


def test_choices_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIGNMENT_MODELS", "en=/models/a=b, pt-BR = owner/name")
    assert AlignmentSettings().chosen == {"en": "/models/a=b", "pt-BR": "owner/name"}


class Loads:
    """Loads any language except those that it refuses."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        self.refused: set[str] = set()
        self.now_s = 0.0

    def __call__(self, language: str) -> Any:
        self.requested.append(language)
        if language in self.refused:
            raise EngineLoadError("the hub cannot be reached")
        return type("Made", (), {"name": language})()

    def clock(self) -> float:
        return self.now_s


def test_the_model_unused_for_longest_goes_first() -> None:
    loads = Loads()
    models = LoadedModels(loads, 2)
    for language in ("en", "es", "en", "fr", "en", "es"):
        assert models.get(language).name == language
    assert loads.requested == ["en", "es", "fr", "es"]
    assert [language for language, _ in models.loaded] == ["en", "es"]


def test_a_failure_counts_for_ten_minutes() -> None:
    loads = Loads()
    loads.refused.add("es")
    models = LoadedModels(loads, 2, loads.clock)
    for loads.now_s in (0.0, 1.0, 599.0, 601.0):
        with pytest.raises(EngineLoadError, match="cannot be reached"):
            models.get("es")
    assert loads.requested == ["es", "es"]
    loads.refused.clear()
    loads.now_s = 1300.0
    assert models.get("es").name == "es"


def test_many_threads_load_a_model_once_and_wait_for_no_other() -> None:
    loads = Loads()
    go, started = threading.Event(), threading.Event()

    def load(language: str) -> Any:
        if language == "es":
            started.set()
            assert go.wait(30)
        return loads(language)

    models = LoadedModels(load, 4)
    models.get("en")
    threads = [threading.Thread(target=models.get, args=("es",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert started.wait(30)
    assert models.get("en").name == "en"
    go.set()
    for thread in threads:
        thread.join(30)
    assert loads.requested == ["en", "es"]


@pytest.mark.gpu
def test_the_registry_names_it(folder: Path) -> None:
    engine = load_engine(ALIGNERS, "wav2vec2", settings_for(f"en={folder}", preload=["en"]))
    assert isinstance(engine, Wav2Vec2Aligner)
    assert engine.detail == "en: tiny"
    assert engine.device == "cpu"
    assert engine.max_batch == 8


@pytest.mark.gpu
def test_languages_are_loaded_when_they_are_asked_for(folder: Path) -> None:
    engine = Wav2Vec2Aligner(settings_for(f"en={folder}", f"nb={folder}", max_loaded=1))
    assert engine.detail == ""
    assert engine.supports("en-GB")
    assert engine.detail == "en: tiny"
    assert engine.supports("no")
    assert engine.detail == "no: tiny"


@pytest.mark.gpu
def test_a_language_without_a_model_is_not_served_and_it_says_why() -> None:
    engine = Wav2Vec2Aligner(settings_for())
    for tag in ("cy", "not a language", ""):
        assert not engine.supports(tag)
        assert f"No alignment model is known for {tag!r}" in engine.unavailable_reason(tag)


@pytest.mark.gpu
def test_models_are_whisperxs_unless_the_owner_chose() -> None:
    from whisperx.alignment import DEFAULT_ALIGN_MODELS_HF, DEFAULT_ALIGN_MODELS_TORCH

    from app.gpu.engines.wav2vec2.aligner_catalog import ModelCatalog

    catalog = ModelCatalog.of({"pt-BR": "owner/name"})
    assert catalog.model_for("pt") == "owner/name"
    assert catalog.model_for("en") == DEFAULT_ALIGN_MODELS_TORCH["en"]
    assert catalog.model_for("ja") == DEFAULT_ALIGN_MODELS_HF["ja"]
    assert [catalog.spaced(code) for code in ("en", "ja", "zh", "ko")] == [True, False, False, True]
    with pytest.raises(EngineLoadError, match="ALIGNMENT_MODELS names 'nonsense tag'"):
        ModelCatalog.of({"nonsense tag": "owner/name"})


@pytest.mark.gpu
def test_the_revision_follows_the_models(folder: Path, tmp_path: Path) -> None:
    from tests.gpu.aligner_fixtures import tiny_wav2vec2

    other = tiny_wav2vec2(tmp_path / "tiny", seed=1)
    same = tiny_wav2vec2(tmp_path / "elsewhere")
    revisions = [
        Wav2Vec2Aligner(settings_for(f"en={place}")).cache_key for place in (folder, other, same)
    ]
    assert revisions[0] != revisions[1]
    assert revisions[0] == revisions[2]


def refused(*models: str, preload: str = "en", **places: Any) -> str:
    with pytest.raises(EngineLoadError) as caught:
        Wav2Vec2Aligner(with_models(settings_for(*models, preload=[preload]), **places))
    assert "/" not in caught.value.message.replace("owner/name", "")
    return caught.value.message


@pytest.mark.gpu
def test_what_is_to_be_loaded_at_the_start_must_load(folder: Path, tmp_path: Path) -> None:
    assert "ALIGNMENT_PRELOAD names 'cy'" in refused(preload="cy")
    assert "a folder that does not exist: nowhere" in refused(f"en={tmp_path / 'nowhere'}")
    (tmp_path / "bare").mkdir()
    assert "lacks config.json, vocab.json" in refused(f"en={tmp_path / 'bare'}")
    assert "is no pipeline that writes letters" in refused("en=HUBERT_BASE")


@pytest.mark.gpu
def test_files_of_another_model(folder: Path, tmp_path: Path) -> None:
    for name, content in (
        ("config.json", '{"model_type": "wav2vec2", "conv_kernel": 3}'),
        ("vocab.json", "[]"),
        ("model.safetensors", "no weights"),
    ):
        copy = tmp_path / name
        copy.mkdir()
        for path in folder.iterdir():
            (copy / path.name).write_bytes(path.read_bytes())
        (copy / name).write_text(content)
        assert f"Alignment model {name!r} cannot be loaded" in refused(f"en={copy}")


@contextmanager
def hub(folder: Path | None) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A hub on loopback with the files of one model, or none.

    Yields its address and the requests that it saw: path and token.
    """
    seen: list[tuple[str, str]] = []
    commit = "0" * 40

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, self.headers.get("Authorization", "")))
            if folder is None:
                self.answer(401, b"", {"X-Error-Code": "RepoNotFound"})
            elif self.path.startswith("/api/"):
                files = [{"rfilename": path.name} for path in folder.iterdir()]
                about = {"id": "owner/name", "sha": commit, "siblings": files}
                self.answer(200, json.dumps(about).encode(), {})
            elif (path := folder / self.path.rpartition("/")[2]).is_file():
                headers = {"X-Repo-Commit": commit, "ETag": f'"{path.name}"'}
                self.answer(200, path.read_bytes(), headers)
            else:
                headers = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}
                self.answer(404, b"", headers)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()


def ask(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Let the hub be at an address: huggingface_hub reads its environment when it is imported."""
    pattern = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE", pattern)


@pytest.mark.gpu
def test_a_hub_that_refuses_is_asked_once_with_our_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with hub(None) as (address, seen):
        ask(monkeypatch, address)
        places = {"hf_token": SecretStr("hf_abcdefgh"), "model_cache_dir": tmp_path}
        engine = Wav2Vec2Aligner(with_models(settings_for("es=owner/name"), **places))
        assert not engine.supports("es")
        requested = len(seen)
        assert requested >= 1
        assert {token for _, token in seen} == {"Bearer hf_abcdefgh"}
        for _ in range(3):
            assert "HF_TOKEN may not read it" in engine.unavailable_reason("es-419")
        assert len(seen) == requested


@pytest.mark.gpu
@pytest.mark.parametrize("pickled", [False, True])
def test_a_model_of_the_hub_is_fetched_into_the_cache_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, pickled: bool
) -> None:
    served = tmp_path / "served"
    served.mkdir()
    for path in folder.iterdir():
        (served / path.name).write_bytes(path.read_bytes())
    if pickled:
        import torch
        from safetensors.torch import load_file

        torch.save(load_file(served / "model.safetensors"), served / "pytorch_model.bin")
        (served / "model.safetensors").unlink()
    cache = tmp_path / "cache"
    settings = with_models(settings_for("es=owner/name"), model_cache_dir=cache)
    with hub(served) as (address, _):
        ask(monkeypatch, address)
        engine = Wav2Vec2Aligner(settings)
        assert engine.unavailable_reason("es") == ""
    assert [path.name for path in cache.glob("models--*")] == ["models--owner--name"]
    # The hub is gone now, and the engine is a new one.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert Wav2Vec2Aligner(settings).unavailable_reason("es") == ""


@pytest.mark.gpu
def test_a_hub_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ask(monkeypatch, "http://127.0.0.1:9")
    message = refused("en=owner/name", model_cache_dir=tmp_path)
    assert "Alignment model 'owner/name' cannot be loaded" in message
    assert "the hub cannot be reached" in message
    assert "let ALIGNMENT_MODELS name a local folder" in message


@pytest.mark.gpu
def test_the_platforms_cached_model_comes_first(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(monkeypatch, "http://127.0.0.1:9")
    snapshot = tmp_path / "models--owner--name" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    for path in folder.iterdir():
        (snapshot / path.name).write_bytes(path.read_bytes())
    settings = with_models(settings_for("en=Owner/Name"), runpod_cache_dir=tmp_path)
    assert Wav2Vec2Aligner(settings).unavailable_reason("en") == ""


@pytest.mark.gpu
def test_a_pipeline_of_torchaudio_lies_in_the_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from torchaudio import pipelines

    from tests.gpu.engines.test_wav2vec2_network import torchaudio_model, torchaudio_params

    params = torchaudio_params("layer")
    labels = ("|", *"ETAONIHSRDLUMWCFGYPBVKXJQZ'")
    bundle = pipelines.Wav2Vec2ASRBundle(
        "https://127.0.0.1:9/tiny.pth", params, 16_000, True, "Wav2Vec2", labels, ()
    )
    monkeypatch.setattr(pipelines, "TINY", bundle, raising=False)
    monkeypatch.setattr(pipelines, "__all__", [*pipelines.__all__, "TINY"])
    message = refused("en=TINY", model_cache_dir=tmp_path)
    assert "Alignment model 'TINY' cannot be loaded" in message
    assert "fill MODEL_CACHE_DIR beforehand" in message
    torch.save(torchaudio_model("layer").state_dict(), tmp_path / "tiny.pth")
    settings = with_models(settings_for("en=TINY", preload=["en"]), model_cache_dir=tmp_path)
    assert Wav2Vec2Aligner(settings).detail == "en: TINY"


@pytest.mark.parametrize("choice", ["WAV2VEC2_ASR_BASE_960H", "owner/nowhere"])
def test_offline_nothing_is_waited_for(tmp_path: Path, choice: str) -> None:
    settings = with_models(settings_for(f"en={choice}"), offline=True, model_cache_dir=tmp_path)
    engine = Wav2Vec2Aligner(settings)
    assert not engine.supports("en")
    assert "HF_HUB_OFFLINE" in engine.unavailable_reason("en")
